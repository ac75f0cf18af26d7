import CCrypt
import Glibc
import Runtime

/// Password hashes: bcrypt (`$2b$`) by libcrypt. One costs a quarter of a second on purpose, so all are worked out one
/// after the other on a thread of their own and never on the cooperative pool.
public enum PasswordHash {
    /// The longest password: bcrypt reads no more, and a longer one would be equal to its beginning.
    public static let longest = 72

    private static let thread = DedicatedThread(name: "passwords")

    /// The hash of a password with a new salt; the cost is the binary logarithm of the rounds.
    public static func hash(_ password: String, cost: Int = 12) async throws -> String {
        try check(password)
        let salt = Random.bytes(16)
        return try await thread.run {
            var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
            let made = salt.withUnsafeBytes { bytes in
                crypt_gensalt_rn(
                    "$2b$", UInt(cost), bytes.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(bytes.count),
                    &setting, CInt(setting.count))
            }
            guard made != nil, let hash = crypt(password, setting: text(setting)) else {
                throw CryptoError(.library, "libcrypt refuses bcrypt with cost \(cost): it is 4 to 31")
            }
            return hash
        }
    }

    /// Whether the password is the one of the hash. A hash that is not one is nobody's.
    public static func verify(_ password: String, against hash: String) async -> Bool {
        guard (try? check(password)) != nil else { return false }
        let computed = (try? await thread.run { crypt(password, setting: hash) }) ?? nil
        guard let computed else { return false }
        return constantTimeEqual(Array(computed.utf8), Array(hash.utf8))
    }

    private static func check(_ password: String) throws(CryptoError) {
        let bytes = password.utf8
        guard !bytes.isEmpty else { throw CryptoError(.password, "the password is empty") }
        guard bytes.count <= longest else {
            throw CryptoError(.password, "the password has \(bytes.count) bytes; \(longest) is the most bcrypt reads")
        }
        guard !bytes.contains(0) else { throw CryptoError(.password, "the password holds a NUL") }
    }
}

/// The hash, or nil when the setting is not one libcrypt knows.
private func crypt(_ password: String, setting: String) -> String? {
    let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
    defer {
        // The key schedule of a password is as good as the password.
        explicit_bzero(data, MemoryLayout<crypt_data>.size)
        data.deallocate()
    }
    explicit_bzero(data, MemoryLayout<crypt_data>.size)
    // crypt_rn answers nil where crypt_r would return a text that looks like a hash ("*0").
    guard let out = crypt_rn(password, setting, data, CInt(MemoryLayout<crypt_data>.size)) else { return nil }
    return String(cString: out)
}

private func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
