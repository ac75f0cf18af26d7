/// What a token says of its bearer.
public struct TokenClaims: Sendable, Equatable {
    /// Who it was issued to.
    public var subject: String
    /// The token's own name (`jti`).
    public var id: String
    /// When it was issued, in seconds of Unix time.
    public var issuedAt: Int64
    /// From when on it is worth nothing, in seconds of Unix time.
    public var expiresAt: Int64
    /// Further claims, all texts.
    public var extra: [String: String]

    /// Claims.
    public init(subject: String, id: String, issuedAt: Int64, expiresAt: Int64, extra: [String: String] = [:]) {
        self.subject = subject
        self.id = id
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.extra = extra
    }
}
