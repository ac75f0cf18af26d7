import Crypto
import Testing

@Suite struct PasswordHashTests {
    @Test func `A hash is bcrypt and verifies`() async throws {
        let hash = try await PasswordHash.hash("correct horse", cost: 4)
        #expect(hash.hasPrefix("$2b$04$") && hash.count == 60)
        #expect(await PasswordHash.verify("correct horse", against: hash))
        #expect(await !PasswordHash.verify("correct horsf", against: hash))
        #expect(await !PasswordHash.verify("", against: hash))
        let other = try await PasswordHash.hash("correct horse", cost: 4)
        #expect(hash != other)
    }

    @Test func `The cost is twelve unless told otherwise`() async throws {
        #expect(try await PasswordHash.hash("x").hasPrefix("$2b$12$"))
    }

    @Test func `A hash made elsewhere verifies`() async {
        // From the test vectors of crypt_blowfish.
        #expect(
            await PasswordHash.verify("U*U*U", against: "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"))
    }

    @Test func `What is no hash verifies nothing`() async {
        for hash in ["", "*", "*0", "$2b$", "$2b$12$short", "x", "plain"] {
            #expect(await !PasswordHash.verify("x", against: hash), "\(hash)")
        }
    }

    @Test func `A password bcrypt would cut is refused`() async throws {
        await #expect(throws: CryptoError.self) { try await PasswordHash.hash("") }
        await #expect(throws: CryptoError.self) { try await PasswordHash.hash("a\0b") }
        await #expect(throws: CryptoError.self) { try await PasswordHash.hash(String(repeating: "a", count: 73)) }
        let longest = String(repeating: "a", count: 72)
        let hash = try await PasswordHash.hash(longest, cost: 4)
        #expect(await PasswordHash.verify(longest, against: hash))
        #expect(await !PasswordHash.verify(longest + "a", against: hash))
    }

    @Test func `A cost that is none is refused`() async {
        await #expect(throws: CryptoError.self) { try await PasswordHash.hash("x", cost: 99) }
    }
}
