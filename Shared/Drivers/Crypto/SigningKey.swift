import CJose
import COpenSSL
import Glibc
import Synchronization

/// An ES256 key (ECDSA on P-256 with SHA-256): made, kept in a PEM file, published as a JWK set, and used to sign and to
/// verify compact JSON Web Signatures.
public final class SigningKey: Sendable {
    /// The key's name: its RFC 7638 thumbprint, so that the same key has the same name everywhere.
    public let kid: String
    /// The coordinates of the public key.
    let x: [UInt8]
    let y: [UInt8]
    private let pem: [UInt8]
    private let key: Mutex<KeyHandle>

    /// `@unchecked Sendable`: one reference, used under the lock alone, for cjose counts its references without one.
    private struct KeyHandle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// A new key.
    public static func generate() throws(CryptoError) -> SigningKey {
        guard let made = pga_p256_generate() else { throw CryptoError(.library, "OpenSSL cannot make a P-256 key") }
        defer { EVP_PKEY_free(made) }
        return try SigningKey(made)
    }

    /// The key of a PEM text (PKCS#8, or OpenSSL's older `EC PRIVATE KEY`).
    public convenience init(pem: [UInt8]) throws(CryptoError) {
        let read = pem.withUnsafeBytes { pga_key_of_pem($0.baseAddress, CInt(clamping: $0.count)) }
        ERR_clear_error()
        guard let read else { throw CryptoError(.key, "there is no private key in PEM without a password") }
        defer { EVP_PKEY_free(read) }
        try self.init(read)
    }

    private init(_ key: OpaquePointer) throws(CryptoError) {
        guard pga_is_p256(key) == 1 else { throw CryptoError(.key, "the key is not an elliptic one on P-256") }
        var d = [UInt8](repeating: 0, count: 32)
        var x = d
        var y = d
        defer { d.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        guard pga_p256_number(key, "priv", &d) == 1, pga_p256_number(key, "qx", &x) == 1,
            pga_p256_number(key, "qy", &y) == 1, let memory = pga_pem_of_key(key)
        else { throw CryptoError(.key, "the key is not a whole private key") }
        defer { BIO_free_all(memory) }
        var start: UnsafeMutablePointer<CChar>?
        let count = pga_bio_bytes(memory, &start)
        pem = start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
        self.x = x
        self.y = y
        kid = Base64.encodeURL(Digest.sha256(Array(Self.publicMembers(x, y).utf8)))
        let jwk: OpaquePointer? = d.withUnsafeMutableBufferPointer { d in
            x.withUnsafeMutableBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in
                    var spec = cjose_jwk_ec_keyspec(
                        crv: CJOSE_JWK_EC_P_256, d: d.baseAddress, dlen: 32, x: x.baseAddress, xlen: 32,
                        y: y.baseAddress, ylen: 32)
                    return cjose_jwk_create_EC_spec(&spec, nil)
                }
            }
        }
        guard let jwk else { throw CryptoError(.key, "cjose refuses the key") }
        self.key = Mutex(KeyHandle(pointer: jwk))
    }

    deinit { key.withLock { _ = cjose_jwk_release($0.pointer) } }

    /// The members RFC 7638 hashes, in its order.
    private static func publicMembers(_ x: [UInt8], _ y: [UInt8]) -> String {
        #"{"crv":"P-256","kty":"EC","x":"\#(Base64.encodeURL(x))","y":"\#(Base64.encodeURL(y))"}"#
    }

    /// The public key as a JWK.
    public var jwk: String {
        let x = Base64.encodeURL(x)
        let y = Base64.encodeURL(y)
        return #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)","kid":"\#(kid)","use":"sig","alg":"ES256"}"#
    }

    /// A JWK set of public keys, as a verifier elsewhere wants it.
    public static func jwks(_ keys: [SigningKey]) -> String {
        #"{"keys":["# + keys.map(\.jwk).joined(separator: ",") + "]}"
    }

    /// The private key in PEM.
    public var privatePEM: [UInt8] { pem }

    /// A compact signature over the payload, its header holding `alg`, `kid` and `typ`.
    public func sign(_ payload: [UInt8], type: String) throws(CryptoError) -> String {
        let result: Result<String, CryptoError> = key.withLock { key in
            guard let header = cjose_header_new(nil) else { return .failure(.noMemory) }
            defer { cjose_header_release(header) }
            for (name, value) in [("alg", "ES256"), ("kid", kid), ("typ", type)] {
                guard cjose_header_set(header, name, value, nil) else { return .failure(.noMemory) }
            }
            var failure = cjose_err()
            guard let jws = cjose_jws_sign(key.pointer, header, payload, payload.count, &failure) else {
                return .failure(CryptoError(.library, "cjose cannot sign: \(reason(failure))"))
            }
            defer { cjose_jws_release(jws) }
            var text: UnsafePointer<CChar>?
            guard cjose_jws_export(jws, &text, nil), let text else { return .failure(.noMemory) }
            return .success(String(cString: text))
        }
        return try result.get()
    }

    /// The payload of a compact signature of this key. The algorithm is the key's: a header that says another one
    /// (`none`, or HS256 with the public key as its secret) is refused before anything is worked out with it.
    public func verify(_ token: String, type: String) throws(CryptoError) -> [UInt8] {
        let header = try TokenHeader(of: token)
        guard header.algorithm == "ES256" else { throw CryptoError(.token, "the token is not signed with ES256") }
        guard header.kid == kid else { throw CryptoError(.token, "the token is signed with another key") }
        guard header.type.map({ $0.lowercased() == type.lowercased() }) == true else {
            throw CryptoError(.token, "the token is not of type \(type)")
        }
        let result: Result<[UInt8], CryptoError> = key.withLock { key in
            guard let jws = cjose_jws_import(token, token.utf8.count, nil) else { return .failure(.badToken) }
            defer { cjose_jws_release(jws) }
            guard cjose_jws_verify(jws, key.pointer, nil) else {
                ERR_clear_error()
                return .failure(CryptoError(.token, "the token's signature is wrong"))
            }
            var bytes: UnsafeMutablePointer<UInt8>?
            var count = 0
            guard cjose_jws_get_plaintext(jws, &bytes, &count, nil), let bytes else { return .failure(.badToken) }
            return .success(Array(UnsafeBufferPointer(start: bytes, count: count)))
        }
        return try result.get()
    }
}

extension CryptoError {
    static let noMemory = CryptoError(.library, "no memory for a signature")
    static let badToken = CryptoError(.token, "the token is not a signed token")
}

private func reason(_ failure: cjose_err) -> String { failure.message.map { String(cString: $0) } ?? "no reason given" }
