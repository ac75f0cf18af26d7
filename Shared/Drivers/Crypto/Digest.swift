import COpenSSL

/// Message digests over OpenSSL.
public enum Digest {
    /// SHA-256: 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        let done = bytes.withUnsafeBytes { EVP_Digest($0.baseAddress, $0.count, &out, &count, EVP_sha256(), nil) }
        precondition(done == 1 && count == 32, "OpenSSL has no SHA-256: its configuration is broken")
        return out
    }

    /// HMAC with SHA-256: 32 bytes.
    public static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        // A null key means "as before" to OpenSSL, and an empty array has no address: it gets one byte that is not read.
        let storage = key.isEmpty ? [0] : key
        let done = storage.withUnsafeBytes { keyBytes in
            bytes.withUnsafeBufferPointer {
                HMAC(EVP_sha256(), keyBytes.baseAddress, CInt(key.count), $0.baseAddress, $0.count, &out, &count)
            }
        }
        precondition(done != nil && count == 32, "OpenSSL has no HMAC: its configuration is broken")
        return out
    }
}
