import Foundation
import HTTP
import Runtime
import Testing

/// Servers that a client must survive: what answers a webhook is nobody's we know.
@Suite struct HostileServerTests {
    private func ask(
        _ answer: String, forever: Bool = false, timeout: Duration = .seconds(20), limit: Int = 100_000,
        isAnsweredByStatus: Bool = false
    ) async throws -> Result<HTTPResponse, HTTPError> {
        let server = try RawServer(answer, forever: forever)
        defer { server.stop() }
        let client = HTTPClient(logger: quiet)
        defer { client.close() }
        do {
            return .success(
                try await client.send(
                    HTTPClientRequest(
                        url: "http://127.0.0.1:\(server.port)/", timeout: timeout, maxResponseBytes: limit,
                        isAnsweredByStatus: isAnsweredByStatus)))
        } catch {
            return .failure(error)
        }
    }

    private func code(_ result: Result<HTTPResponse, HTTPError>) -> HTTPError.Code? {
        if case .failure(let error) = result { error.code } else { nil }
    }

    @Test func `A body without end is cut at the limit`() async throws {
        let body = String(repeating: "x", count: 10_000)
        let result = try await ask("HTTP/1.1 200 OK\r\n\r\n" + body + body, forever: true)
        #expect(code(result) == .tooLarge)
    }

    @Test func `A length over the limit is refused`() async throws {
        let result = try await ask(
            "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + String(repeating: "x", count: 5000), limit: 10)
        #expect(code(result) == .tooLarge)
    }

    @Test func `Header fields without end are refused`() async throws {
        let fields = (0..<1000).map { "X-\($0): \(String(repeating: "y", count: 100))\r\n" }.joined()
        let result = try await ask("HTTP/1.1 200 OK\r\n" + fields + "\r\n")
        #expect(code(result) == .tooLarge)
    }

    @Test func `A body that ends too early is an error, not a short answer`() async throws {
        #expect(code(try await ask("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")) == .connection)
    }

    @Test func `Who asks for the status alone has it with any body`() async throws {
        let body = String(repeating: "x", count: 10_000)
        let endless = try await ask(
            "HTTP/1.1 200 OK\r\n\r\n" + body, forever: true, limit: 15_000, isAnsweredByStatus: true
        ).get()
        #expect(endless.status == 200 && endless.body.count == 15_000)
        let short = try await ask(
            "HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 100\r\n\r\nshort", isAnsweredByStatus: true
        ).get()
        #expect(short.status == 503 && short.headers["Retry-After"] == "7" && short.body == Array("short".utf8))
        for none in ["", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
            #expect(code(try await ask(none, isAnsweredByStatus: true)) == .connection)
        }
    }

    @Test func `An answer that is none is an error`() async throws {
        #expect(code(try await ask("")) == .connection)
        #expect(code(try await ask("SSH-2.0-OpenSSH_9.2\r\n")) != nil)
        #expect(code(try await ask("HTTP/9.9 ???\r\n\r\n")) != nil)
    }

    @Test func `An interim answer is passed over with its fields`() async throws {
        let result = try await ask(
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n")
        let response = try result.get()
        #expect(response.status == 204 && response.headers["X-A"] == "b" && response.headers["Link"] == nil)
    }

    @Test func `A certificate that nobody vouches for is refused`() async throws {
        let directory = NSTemporaryDirectory() + "http-test-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (certificate, key, log) = ("\(directory)/cert.pem", "\(directory)/key.pem", "\(directory)/log")
        let made = try await ChildProcess.run(
            executable: "/usr/bin/openssl",
            arguments: [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ])
        try #require(made.status.isSuccess, "\(made.error)")
        let server = try ChildProcess.spawn(
            executable: "/usr/bin/openssl",
            arguments: ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www"],
            stdout: .file(log), stderr: .null, parentDeathSignal: SIGKILL)
        defer { server.kill(SIGKILL) }
        var port: String?
        _ = await eventually {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            port = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT") }?.split(separator: ":").last.map(
                String.init)
            return port != nil
        }
        let client = HTTPClient(logger: quiet)
        defer { client.close() }
        do {
            _ = try await client.send(HTTPClientRequest(url: "https://127.0.0.1:\(try #require(port))/secret-path"))
            Issue.record("it was trusted")
        } catch let error as HTTPError {
            #expect(error.code == .tls, "\(error)")
            #expect(!error.message.contains("secret-path"))
        }
    }
}
