import HTTP
import Support
import Testing

/// Requests that no browser sends. Each says who refuses it: "library" in both versions, "1.0" only libmicrohttpd from
/// 1.0 on, "driver" where the library lets it through and `RequestGuard` or a deadline does it.
@Suite struct HostileRequestTests {
    /// Whether the library that is linked is 1.0 or newer.
    static let isModern = !HTTPServer.libraryVersion.hasPrefix("0.")

    private func expectRefused(
        _ request: String, _ expected: Set<Int> = [400], location: SourceLocation = #_sourceLocation
    ) async throws {
        try await withServer { port in
            let (text, closed) = try await RawSocket.exchange(request, port: port)
            #expect(expected.contains(status(text) ?? 0), "\(text.prefix(200))", sourceLocation: location)
            #expect(closed, "the connection must not be used again", sourceLocation: location)
            #expect(!text.contains("GET /smuggled"), sourceLocation: location)
            #expect(!text.contains("[smuggled]"), "what followed was taken for a request", sourceLocation: location)
        }
    }

    @Test func `Content-Length together with Transfer-Encoding is refused (driver; 1.0 too)`() async throws {
        try await expectRefused(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        )
    }

    @Test func `Two Content-Length fields are refused (driver)`() async throws {
        try await expectRefused(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        )
    }

    @Test func `Two equal Content-Length fields are refused (driver)`() async throws {
        try await expectRefused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab")
    }

    @Test func `A NUL in the path is refused (driver)`() async throws {
        try await expectRefused("GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test func `A NUL in the query is refused (driver)`() async throws {
        try await expectRefused("GET /a?b=%00 HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test func `A broken percent escape is refused (driver)`() async throws {
        try await expectRefused("GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test func `A path that is not UTF-8 is refused (driver)`() async throws {
        try await expectRefused("GET /a%ff HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test func `A target that is no path is refused (driver)`() async throws {
        try await expectRefused("GET http://other/a HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test func `Two Host fields are refused (driver)`() async throws {
        try await expectRefused("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")
    }

    @Test func `A Transfer-Encoding other than chunked is refused (driver)`() async throws {
        try await expectRefused("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
    }

    @Test func `A missing Host is refused (library)`() async throws {
        try await expectRefused("GET / HTTP/1.1\r\n\r\n")
    }

    @Test func `A blank before the colon is refused (library)`() async throws {
        try await expectRefused("GET / HTTP/1.1\r\nHost : x\r\n\r\n")
    }

    @Test(arguments: ["abc", "-1", "99999999999999999999999", "1 2", "0x10"])
    func `A Content-Length that is no number is refused (library, driver)`(value: String) async throws {
        try await expectRefused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(value)\r\n\r\n", [400, 413])
    }

    @Test func `A header block over the limit is refused (library)`() async throws {
        let huge = String(repeating: "a", count: 20_000)
        try await expectRefused("GET / HTTP/1.1\r\nHost: x\r\nX: \(huge)\r\n\r\n", [431, 413])
    }

    @Test func `A thousand small headers over the limit are refused (library)`() async throws {
        let many = String(repeating: "X-A: b\r\n", count: 5000)
        try await expectRefused("GET / HTTP/1.1\r\nHost: x\r\n\(many)\r\n", [431, 413])
    }

    @Test func `A target over the limit is refused (library)`() async throws {
        try await expectRefused(
            "GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\nHost: x\r\n\r\n", [414, 431, 413])
    }

    @Test func `Bare line feeds are refused from 1.0 on, and read as line ends before`() async throws {
        try await withServer { port in
            let (text, _) = try await RawSocket.exchange("GET /a HTTP/1.1\nHost: x\nConnection: close\n\n", port: port)
            #expect(status(text) == (Self.isModern ? 400 : 200), "\(text)")
        }
    }

    @Test func `A folded header is refused from 1.0 on, and unfolded before`() async throws {
        try await withServer { port in
            let (text, _) = try await RawSocket.exchange(
                "GET /a HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nConnection: close\r\n\r\n", port: port)
            #expect(status(text) == (Self.isModern ? 400 : 200), "\(text)")
        }
    }

    @Test func `Bytes that are no HTTP at all end the connection`() async throws {
        try await withServer { port in
            let (text, closed) = try await RawSocket.exchange(
                "\u{16}\u{03}\u{01}\u{02}\u{00}nonsense\r\n\r\n", port: port)
            #expect(closed)
            #expect(status(text).map { $0 >= 400 } ?? true)
            let got = try await status(RawSocket.exchange(plain("/a"), port: port).text)
            #expect(got == 200)
        }
    }

    @Test func `A head that drips in for ever is ended by its deadline (driver)`() async throws {
        var settings = testSettings()
        settings.headDeadline = .milliseconds(600)
        try await withServer(settings) { port in
            let socket = try RawSocket(port: port)
            defer { socket.close() }
            let began = ContinuousClock.now
            try await socket.send("GET / HTTP/1.1\r\nHost: x\r\nX: ")
            var alive = true
            while alive && ContinuousClock.now - began < .seconds(15) {
                alive = try await socket.send("a")
                let (_, closed) = try await socket.read(for: .milliseconds(100))
                if closed { alive = false }
            }
            #expect(!alive)
        }
    }

    @Test func `A body that drips in for ever is ended by its deadline (driver)`() async throws {
        var settings = testSettings()
        settings.bodyDeadline = .milliseconds(600)
        try await withServer(settings) { port in
            let socket = try RawSocket(port: port)
            defer { socket.close() }
            let began = ContinuousClock.now
            try await socket.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
            var alive = true
            while alive && ContinuousClock.now - began < .seconds(15) {
                alive = try await socket.send("a")
                let (_, closed) = try await socket.read(for: .milliseconds(100))
                if closed { alive = false }
            }
            #expect(!alive)
        }
    }

    @Test func `A body larger than allowed is refused before it is sent`() async throws {
        try await withServer { port in
            let (text, closed) = try await RawSocket.exchange(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n", port: port)
            #expect(status(text) == 413)
            #expect(closed)
        }
    }

    @Test func `A chunked body larger than allowed is refused`() async throws {
        try await withServer { port in
            let socket = try RawSocket(port: port)
            defer { socket.close() }
            let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
            try await socket.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<8 { try await socket.send(chunk) }
            try await socket.send("0\r\n\r\n")
            let (text, closed) = try await socket.read()
            #expect(status(text) == 413, "\(text)")
            #expect(closed)
        }
    }

    @Test func `A chunked body without end is cut off`() async throws {
        try await withServer { port in
            let socket = try RawSocket(port: port)
            defer { socket.close() }
            let chunk = "10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n"
            try await socket.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            var sent = 0
            while sent < 1000, try await socket.send(chunk) { sent += 1 }
            #expect(sent < 1000)
        }
    }

    @Test func `A chunk size that is no number is refused (library)`() async throws {
        try await withServer { port in
            let (text, closed) = try await RawSocket.exchange(
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", port: port)
            #expect(closed)
            #expect(status(text) != 200)
        }
    }
}

/// A plain GET that closes.
func plain(_ path: String, method: String = "GET") -> String {
    "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
}
