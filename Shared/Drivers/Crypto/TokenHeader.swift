/// The header of a compact JWS, read with care: it comes from whoever asks.
struct TokenHeader {
    let algorithm: String?
    let kid: String?
    let type: String?

    /// The longest token that is looked at.
    static let longest = 4096

    init(of token: String) throws(CryptoError) {
        guard token.utf8.count <= Self.longest else { throw CryptoError(.token, "the token is too long") }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), let bytes = Base64.decodeURL(String(parts[0])),
            Base64.decodeURL(String(parts[1])) != nil, Base64.decodeURL(String(parts[2]))?.count == 64,
            let header = JSONValue(bytes)
        else { throw .badToken }
        // RFC 7515, 4.1.11: who does not understand a critical extension must refuse, and there is none we know.
        guard header["crit"] == nil else { throw CryptoError(.token, "the token has a critical extension") }
        algorithm = header["alg"]?.string
        kid = header["kid"]?.string
        type = header["typ"]?.string
    }
}
