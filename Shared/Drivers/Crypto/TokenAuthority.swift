import Runtime
import Synchronization

/// Issues and verifies short-lived JSON Web Tokens (RFC 8725): one algorithm, which is the key's; issuer, audience, type
/// and expiry always checked. A signature costs 0.15 ms to check, so tokens that passed are remembered until they expire.
public final class TokenAuthority: Sendable {
    /// The keys; the first signs, all verify, so that a key can be replaced while its tokens live on.
    public let keys: [SigningKey]
    private let issuer: String
    private let audience: String
    private let type: String
    private let leeway: Int64 = 5
    private let remembered = Mutex<[[UInt8]: TokenClaims]>([:])
    private let capacity: Int

    /// An authority; `type` becomes the header's `typ` and keeps tokens of other uses apart.
    public init(keys: [SigningKey], issuer: String, audience: String, type: String = "at+jwt", capacity: Int = 10_000) {
        precondition(!keys.isEmpty, "an authority needs a key to sign with")
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
        self.type = type
        self.capacity = capacity
    }

    private static func clock() -> Int64 { WallClock.microseconds() / 1_000_000 }

    /// A token for a subject, with the claims it carries.
    public func issue(
        subject: String, lifetime: Duration, extra: [String: String] = [:], now: Int64? = nil
    ) throws(CryptoError) -> (token: String, claims: TokenClaims) {
        let now = now ?? Self.clock()
        let claims = TokenClaims(
            subject: subject, id: Random.hex(16), issuedAt: now, expiresAt: now + lifetime.components.seconds,
            extra: extra)
        var members = [
            "\"iss\":\(JSONValue.quoted(issuer))", "\"aud\":\(JSONValue.quoted(audience))",
            "\"sub\":\(JSONValue.quoted(subject))", "\"jti\":\"\(claims.id)\"", "\"iat\":\(now)", "\"nbf\":\(now)",
            "\"exp\":\(claims.expiresAt)",
        ]
        for (name, value) in extra.sorted(by: { $0.key < $1.key }) {
            members.append("\(JSONValue.quoted(name)):\(JSONValue.quoted(value))")
        }
        let payload = Array(("{" + members.joined(separator: ",") + "}").utf8)
        return (try keys[0].sign(payload, type: type), claims)
    }

    /// The claims of a token, when it is one of ours and in its time.
    public func verify(_ token: String, now: Int64? = nil) throws(CryptoError) -> TokenClaims {
        let now = now ?? Self.clock()
        // The digest is the key: a dump of the memory holds no token, and a token of any length costs the same.
        let digest = token.utf8.count <= TokenHeader.longest ? Digest.sha256(Array(token.utf8)) : []
        if let claims = remembered.withLock({ $0[digest] }) {
            try checkTime(claims, now: now)
            return claims
        }
        let header = try TokenHeader(of: token)
        guard let key = keys.first(where: { $0.kid == header.kid }) else {
            throw CryptoError(.token, "the token is signed with a key that is not known here")
        }
        let claims = try read(try key.verify(token, type: type), now: now)
        try checkTime(claims, now: now)
        remembered.withLock {
            if $0.count >= capacity { $0 = $0.filter { now < $0.value.expiresAt } }
            if $0.count >= capacity { $0.removeAll() }
            $0[digest] = claims
        }
        return claims
    }

    /// Forgets what was verified for a subject, so that the next use is checked from the beginning.
    public func forget(subject: String) {
        remembered.withLock { $0 = $0.filter { $0.value.subject != subject } }
    }

    private func checkTime(_ claims: TokenClaims, now: Int64) throws(CryptoError) {
        guard now < claims.expiresAt else { throw CryptoError(.token, "the token has expired") }
        guard claims.issuedAt <= now + leeway else { throw CryptoError(.token, "the token is from the future") }
    }

    private func read(_ payload: [UInt8], now: Int64) throws(CryptoError) -> TokenClaims {
        guard let claims = JSONValue(payload), case .object(let members) = claims else { throw .badToken }
        guard claims["iss"]?.string == issuer else { throw CryptoError(.token, "the token is from another issuer") }
        let audiences: [String?] =
            if case .array(let list) = claims["aud"] { list.map(\.string) } else { [claims["aud"]?.string] }
        guard audiences.contains(audience) else { throw CryptoError(.token, "the token is for another audience") }
        if let notBefore = claims["nbf"] {
            guard let time = notBefore.integer, time <= now + leeway else {
                throw CryptoError(.token, "the token is not valid yet")
            }
        }
        guard let subject = claims["sub"]?.string, let id = claims["jti"]?.string,
            let issuedAt = claims["iat"]?.integer, let expiresAt = claims["exp"]?.integer
        else { throw CryptoError(.token, "the token lacks sub, jti, iat or exp") }
        let registered: Set = ["iss", "aud", "sub", "jti", "iat", "nbf", "exp"]
        let extra = members.filter { !registered.contains($0.key) }.compactMapValues(\.string)
        return TokenClaims(subject: subject, id: id, issuedAt: issuedAt, expiresAt: expiresAt, extra: extra)
    }
}
