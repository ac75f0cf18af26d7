import Crypto
import Testing

@Suite struct DigestTests {
    @Test func `SHA-256 gives FIPS 180's values`() {
        func f(_ text: String, _ expected: String) { #expect(Hex.encode(Digest.sha256(Array(text.utf8))) == expected) }
        f("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        f("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        f(
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    @Test func `HMAC gives RFC 4231's values`() {
        func f(_ key: [UInt8], _ data: [UInt8], _ expected: String) {
            #expect(Hex.encode(Digest.hmacSHA256(key: key, data)) == expected)
        }
        f(
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        f(
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        f(
            [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        f([], [], "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `Base 64 gives RFC 4648's values, both ways`() {
        func f(_ text: String, _ expected: String) {
            #expect(Base64.encode(Array(text.utf8)) == expected)
            #expect(Base64.decode(expected) == Array(text.utf8))
            #expect(Base64.decodeURL(Base64.encodeURL(Array(text.utf8))) == Array(text.utf8))
        }
        f("", "")
        f("f", "Zg==")
        f("fo", "Zm8=")
        f("foo", "Zm9v")
        f("foob", "Zm9vYg==")
        f("fooba", "Zm9vYmE=")
        f("foobar", "Zm9vYmFy")
        #expect(Base64.encode([251, 255]) == "+/8=")
        #expect(Base64.encodeURL([251, 255]) == "-_8")
    }

    @Test func `What is not base 64 is refused`() {
        for text in ["Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z g=", "Zg==\n", "-_8=", "===="] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
        for text in ["Z", "Zh", "Zm9", "+/8", "Zg=="] { #expect(Base64.decodeURL(text) == nil, "\(text)") }
    }

    @Test func `Hexadecimal goes both ways`() {
        #expect(Hex.encode([0, 15, 255]) == "000fff")
        #expect(Hex.decode("000FfF") == [0, 15, 255])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("zz") == nil)
    }

    @Test func `Random bytes differ and passwords keep to their letters`() {
        #expect(Random.bytes(0).isEmpty)
        #expect(Random.bytes(32) != Random.bytes(32))
        #expect(Random.hex(8).count == 16)
        let password = Random.password(200)
        #expect(password.count == 200)
        #expect(!password.contains { "0O1Il".contains($0) })
    }

    @Test func `Equal is equal`() {
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1], [1, 2]))
    }
}
