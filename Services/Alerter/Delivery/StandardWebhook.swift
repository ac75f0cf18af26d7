import Crypto

/// The headers of Standard Webhooks 1.0: who sends what, when, and that it is really us.
enum StandardWebhook {
    /// The key of a secret: `whsec_` and base64 as the specification has it, or the text itself.
    static func key(of secret: String) -> [UInt8] {
        if secret.hasPrefix("whsec_"), let key = Base64.decode(String(secret.dropFirst(6))), !key.isEmpty { return key }
        return Array(secret.utf8)
    }

    /// `v1,` and the HMAC over identifier, time (in seconds) and body.
    static func signature(id: String, timestamp: Int64, body: String, key: [UInt8]) -> String {
        "v1," + Base64.encode(Digest.hmacSHA256(key: key, Array("\(id).\(timestamp).\(body)".utf8)))
    }
}
