import Crypto
import Glibc
import Testing

@Suite struct TokenTests {
    private let now: Int64 = 1_800_000_000

    private func authority(_ keys: [SigningKey], issuer: String = "us", audience: String = "api") -> TokenAuthority {
        TokenAuthority(keys: keys, issuer: issuer, audience: audience)
    }

    /// A token whose header and payload say what they are told to, with a signature of that many zero bytes.
    private func forged(_ header: String, _ payload: String, signature: [UInt8] = [UInt8](repeating: 0, count: 64))
        -> String
    {
        [Array(header.utf8), Array(payload.utf8), signature].map { Base64.encodeURL($0) }.joined(separator: ".")
    }

    @Test func `A token says what was put into it`() throws {
        let authority = authority([try SigningKey.generate()])
        let (token, claims) = try authority.issue(
            subject: "an\"na\\é\n", lifetime: .seconds(600), extra: ["role": "viewer"], now: now)
        #expect(token.split(separator: ".").count == 3)
        for _ in 0..<2 { #expect(try authority.verify(token, now: now + 599) == claims) }
        #expect(claims.subject == "an\"na\\é\n" && claims.extra == ["role": "viewer"])
        #expect(claims.expiresAt == now + 600)
    }

    @Test func `A token has its time, also when it is remembered`() throws {
        let authority = authority([try SigningKey.generate()])
        let (token, _) = try authority.issue(subject: "a", lifetime: .seconds(60), now: now)
        #expect(throws: CryptoError.self) { try authority.verify(token, now: now + 60) }
        _ = try authority.verify(token, now: now + 59)
        #expect(throws: CryptoError.self) { try authority.verify(token, now: now + 60) }
        #expect(throws: CryptoError.self) { try authority.verify(token, now: now - 60) }
    }

    @Test func `A token of another key, issuer, audience or type is refused`() throws {
        let key = try SigningKey.generate()
        let ours = authority([key])
        func refused(_ other: TokenAuthority) throws {
            let (token, _) = try other.issue(subject: "a", lifetime: .seconds(60), now: now)
            #expect(throws: CryptoError.self) { try ours.verify(token, now: now) }
        }
        try refused(authority([try SigningKey.generate()]))
        try refused(authority([key], issuer: "them"))
        try refused(authority([key], audience: "console"))
        try refused(TokenAuthority(keys: [key], issuer: "us", audience: "api", type: "refresh+jwt"))
    }

    @Test func `A key that was replaced still verifies`() throws {
        let old = try SigningKey.generate()
        let (token, _) = try authority([old]).issue(subject: "a", lifetime: .seconds(60), now: now)
        #expect(try authority([try SigningKey.generate(), old]).verify(token, now: now).subject == "a")
    }

    @Test func `Every changed character is noticed`() throws {
        let authority = authority([try SigningKey.generate()])
        let (token, _) = try authority.issue(subject: "a", lifetime: .seconds(60), now: now)
        let bytes = Array(token.utf8)
        for index in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: CryptoError.self) {
                try authority.verify(String(decoding: changed, as: UTF8.self), now: now)
            }
        }
        for count in 0..<bytes.count {
            #expect(throws: CryptoError.self) {
                try authority.verify(String(decoding: bytes[..<count], as: UTF8.self), now: now)
            }
        }
    }

    @Test func `The algorithm is the key's, whatever the token says`() throws {
        let key = try SigningKey.generate()
        let authority = authority([key])
        let payload = #"{"iss":"us","aud":"api","sub":"a","jti":"1","iat":1800000000,"exp":1900000000}"#
        for algorithm in ["none", "None", "HS256", "RS256", "ES384", "ES256"] {
            let header = #"{"alg":"\#(algorithm)","kid":"\#(key.kid)","typ":"at+jwt"}"#
            #expect(throws: CryptoError.self) { try authority.verify(forged(header, payload), now: now) }
            #expect(throws: CryptoError.self) { try authority.verify(forged(header, payload, signature: []), now: now) }
            // HS256 with the public key as its secret, the classic confusion.
            let input = Base64.encodeURL(Array(header.utf8)) + "." + Base64.encodeURL(Array(payload.utf8))
            for secret in [key.jwk, key.kid] {
                let mac = Digest.hmacSHA256(key: Array(secret.utf8), Array(input.utf8))
                #expect(throws: CryptoError.self) {
                    try authority.verify(input + "." + Base64.encodeURL(mac), now: now)
                }
            }
        }
    }

    @Test func `Headers that two readers could read differently are refused`() throws {
        let key = try SigningKey.generate()
        let authority = authority([key])
        for header in [
            #"{"alg":"ES256","alg":"none","kid":"\#(key.kid)","typ":"at+jwt"}"#,
            #"{"alg":"ES256","kid":"\#(key.kid)","typ":"at+jwt","crit":["exp"]}"#,
            #"{"alg":"ES256","kid":"\#(key.kid)"}"#, #"[]"#, #"{"#, "", #"{"alg":1}"#,
            String(repeating: "[", count: 2000),
        ] {
            #expect(throws: CryptoError.self) { try authority.verify(forged(header, "{}"), now: now) }
        }
        for token in ["", ".", "..", "...", "a.b.c", "é.é.é", String(repeating: "A", count: 100_000), "a.b.c.d.e"] {
            #expect(throws: CryptoError.self) { try authority.verify(token, now: now) }
        }
    }

    @Test func `Claims that are missing or of another type are refused`() throws {
        let key = try SigningKey.generate()
        let authority = authority([key])
        for payload in [
            "{}", "[]", "null", #"{"iss":"us","aud":"api","sub":"a","jti":"1","iat":1800000000}"#,
            #"{"iss":"us","aud":"api","sub":"a","jti":"1","iat":1800000000,"exp":"1900000000"}"#,
            #"{"iss":"us","aud":"api","sub":1,"jti":"1","iat":1800000000,"exp":1900000000}"#,
            #"{"iss":"us","aud":["x"],"sub":"a","jti":"1","iat":1800000000,"exp":1900000000}"#,
            #"{"iss":"us","aud":"api","sub":"a","jti":"1","iat":1800000000,"nbf":1850000000,"exp":1900000000}"#,
            #"{"iss":"us","aud":"api","sub":"a","jti":"1","iat":1800000000,"exp":1900000000}"# + " x",
        ] {
            let token = try key.sign(Array(payload.utf8), type: "at+jwt")
            #expect(throws: CryptoError.self, "\(payload)") { try authority.verify(token, now: now) }
        }
        let good = #"{"iss":"us","aud":["x","api"],"sub":"a","jti":"1","iat":1800000000,"exp":1900000000,"n":1}"#
        #expect(try authority.verify(try key.sign(Array(good.utf8), type: "at+jwt"), now: now).id == "1")
    }

    @Test func `What is remembered is bounded`() throws {
        let authority = TokenAuthority(keys: [try SigningKey.generate()], issuer: "us", audience: "api", capacity: 3)
        for index in 0..<10 {
            let (token, _) = try authority.issue(subject: "\(index)", lifetime: .seconds(60), now: now)
            #expect(try authority.verify(token, now: now).subject == "\(index)")
        }
    }
}
