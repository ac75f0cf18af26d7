import COpenSSL

/// Random bytes fit for keys, from OpenSSL's generator.
public enum Random {
    /// That many random bytes. Ends the process when there is no randomness, for nothing safe could go on.
    public static func bytes(_ count: Int) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: count)
        precondition(count == 0 || RAND_bytes(&out, CInt(count)) == 1, "the system gives no random bytes")
        return out
    }

    /// That many random bytes in hexadecimal.
    public static func hex(_ count: Int) -> String { Hex.encode(bytes(count)) }

    /// A password for people to copy: `count` characters without those that look alike, 5.7 bits each.
    public static func password(_ count: Int = 20) -> String {
        let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789".utf8)
        var out: [UInt8] = []
        while out.count < count {
            // The bytes above the last whole multiple are thrown away, else the first letters came more often.
            for byte in bytes(count) where out.count < count && Int(byte) < 256 / alphabet.count * alphabet.count {
                out.append(alphabet[Int(byte) % alphabet.count])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
