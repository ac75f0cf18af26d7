import Crypto
import Glibc
import Runtime
import Testing

@Suite struct SigningKeyTests {
    /// A directory of its own, removed afterwards.
    private func withDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
        var template = Array("/tmp/crypto-test-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { _ = try? removeAll(directory) }
        return try await body(directory)
    }

    private func removeAll(_ directory: String) throws {
        for name in ["key.pem", "made.pem", "public.pem", "input", "signature", "other.pem"] {
            unlink("\(directory)/\(name)")
        }
        rmdir(directory)
    }

    @Test func `The thumbprint is RFC 7638's over the published members`() throws {
        let key = try SigningKey.generate()
        #expect(key.kid.count == 43)
        let again = try SigningKey(pem: key.privatePEM)
        #expect(again.kid == key.kid && again.jwk == key.jwk)
        let members = key.jwk.split(separator: "\"").map(String.init)
        let x = members[members.firstIndex(of: "x")! + 2]
        let y = members[members.firstIndex(of: "y")! + 2]
        let hashed = #"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#
        #expect(key.kid == Base64.encodeURL(Digest.sha256(Array(hashed.utf8))))
        #expect(SigningKey.jwks([key]) == #"{"keys":[\#(key.jwk)]}"#)
        #expect(!key.jwk.contains("\"d\""))
    }

    @Test func `A file is made once, with mode 0600, and read again`() async throws {
        try await withDirectory { directory in
            let file = directory + "/key.pem"
            let key = try SigningKey.loadOrCreate(file: file)
            var about = stat()
            #expect(stat(file, &about) == 0 && about.st_mode & 0o777 == 0o600)
            let again = try SigningKey.loadOrCreate(file: file)
            #expect(again.kid == key.kid)
            #expect(throws: CryptoError.self) { try key.save(file: file) }
            chmod(file, 0o644)
            let error = #expect(throws: CryptoError.self) { try SigningKey(file: file) }
            #expect(error?.message.contains("chmod 600") == true)
        }
    }

    @Test func `What is no key is refused with its place`() async throws {
        #expect(throws: CryptoError.self) { try SigningKey(pem: []) }
        #expect(throws: CryptoError.self) { try SigningKey(pem: Array("-----BEGIN PRIVATE KEY-----\nAAAA\n".utf8)) }
        let error = #expect(throws: CryptoError.self) { try SigningKey(file: "/nowhere/key.pem") }
        #expect(error?.message.contains("/nowhere/key.pem") == true)
        #expect(throws: CryptoError.self) { try SigningKey.loadOrCreate(file: "/nowhere/key.pem") }
    }

    @Test func `A key on another curve is refused`() async throws {
        try await withDirectory { directory in
            let file = directory + "/other.pem"
            try await openssl(["ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", file])
            chmod(file, 0o600)
            #expect(throws: CryptoError.self) { try SigningKey(file: file) }
        }
    }

    @Test func `OpenSSL's command accepts our signature, and we its key`() async throws {
        try await withDirectory { directory in
            let file = directory + "/made.pem"
            try await openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file])
            chmod(file, 0o600)
            let key = try SigningKey(file: file)
            let token = try key.sign(Array("{}".utf8), type: "test")
            let parts = token.split(separator: ".").map(String.init)
            let signature = try #require(Base64.decodeURL(parts[2]))
            #expect(signature.count == 64)
            try write(der(signature), to: directory + "/signature")
            try write(Array((parts[0] + "." + parts[1]).utf8), to: directory + "/input")
            try await openssl(["pkey", "-in", file, "-pubout", "-out", directory + "/public.pem"])
            try await openssl([
                "dgst", "-sha256", "-verify", directory + "/public.pem", "-signature", directory + "/signature",
                directory + "/input",
            ])
        }
    }

    /// JOSE's r and s, each 32 bytes, as the ASN.1 that OpenSSL's command wants.
    private func der(_ signature: [UInt8]) -> [UInt8] {
        func number(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            var digits = Array(bytes.drop { $0 == 0 })
            if digits.isEmpty || digits[0] >= 0x80 { digits.insert(0, at: 0) }
            return [2, UInt8(digits.count)] + digits
        }
        let both = number(signature[..<32]) + number(signature[32...])
        return [0x30, UInt8(both.count)] + both
    }

    private func write(_ bytes: [UInt8], to file: String) throws {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }

    private func openssl(_ arguments: [String]) async throws {
        let (status, output, error) = try await ChildProcess.run(executable: "/usr/bin/openssl", arguments: arguments)
        try #require(status.isSuccess, "openssl \(arguments[0]): \(output)\(error)")
    }
}
