import HTTP
import Runtime
import Testing

@Suite struct HTTPClientTests {
    private func withClient<T>(
        permits: (@Sendable (String) -> Bool)? = nil,
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse = echo,
        _ body: (HTTPClient, String) async throws -> T
    ) async throws -> T {
        var settings = testSettings()
        settings.bodyBytes = 20_000_000
        return try await withServer(settings, handler: handler) { port in
            let client = HTTPClient(logger: quiet, permits: permits)
            defer { client.close() }
            return try await body(client, "http://127.0.0.1:\(port)")
        }
    }

    private func expectFailure(
        _ code: HTTPError.Code, _ client: HTTPClient, _ request: HTTPClientRequest,
        location: SourceLocation = #_sourceLocation
    ) async {
        do {
            let response = try await client.send(request)
            Issue.record("it got \(response.status)", sourceLocation: location)
        } catch {
            #expect(error.code == code, "\(error)", sourceLocation: location)
        }
    }

    @Test func `Method, fields and body arrive, status, fields and body come back`() async throws {
        try await withClient(handler: { request in
            HTTPResponse(
                status: 418, headers: ["X-Method": request.method, "X-Got": request.headers["x-sent"] ?? "nothing"],
                body: request.body.reversed())
        }) { client, url in
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let response = try await client.send(
                    HTTPClientRequest(method: method, url: url, headers: ["X-Sent": "value"], body: [1, 0, 255]))
                #expect(response.status == 418)
                #expect(response.headers["x-method"] == method)
                #expect(response.headers["X-Got"] == "value")
                #expect(response.body == [255, 0, 1])
                #expect(response.peerAddress == "127.0.0.1")
            }
            let head = try await client.send(HTTPClientRequest(method: "HEAD", url: url))
            #expect(head.status == 418 && head.body.isEmpty)
            let empty = try await client.send(HTTPClientRequest(method: "POST", url: url, body: []))
            #expect(empty.body.isEmpty && empty.headers["x-method"] == "POST")
        }
    }

    @Test func `Megabytes go both ways`() async throws {
        try await withClient(handler: { HTTPResponse(status: 200, body: $0.body) }) { client, url in
            let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let response = try await client.send(
                HTTPClientRequest(method: "POST", url: url, body: body, maxResponseBytes: 5_000_000))
            #expect(response.body == body)
        }
    }

    @Test func `An answer larger than asked for is refused`() async throws {
        try await withClient(handler: { _ in HTTPResponse(status: 200, body: [UInt8](repeating: 7, count: 5001)) }) {
            client, url in
            await expectFailure(.tooLarge, client, HTTPClientRequest(url: url, maxResponseBytes: 5000))
            let got = try await client.send(HTTPClientRequest(url: url, maxResponseBytes: 5001)).body.count
            #expect(got == 5001)
        }
    }

    @Test func `A server that does not answer is a timeout`() async throws {
        try await withClient(handler: { _ in
            try? await Task.sleep(for: .seconds(15))
            return .text(200, "late")
        }) { client, url in
            await expectFailure(.timeout, client, HTTPClientRequest(url: url, timeout: .milliseconds(150)))
        }
    }

    @Test func `A redirect is an answer, not followed`() async throws {
        try await withClient(handler: { _ in HTTPResponse(status: 302, headers: ["Location": "http://127.0.0.1:1/"]) })
        {
            client, url in
            let got = try await client.send(HTTPClientRequest(url: url)).status
            #expect(got == 302)
        }
    }

    @Test func `Nobody listening is no connection, and so is a handshake that is not answered`() async throws {
        let client = HTTPClient(logger: quiet)
        defer { client.close() }
        await expectFailure(.connect, client, HTTPClientRequest(method: "POST", url: "http://127.0.0.1:1/", body: [1]))
        let server = try RawServer(nil)
        defer { server.stop() }
        func request(_ scheme: String) -> HTTPClientRequest {
            HTTPClientRequest(
                method: "POST", url: "\(scheme)://127.0.0.1:\(server.port)/", body: [1], timeout: .milliseconds(300))
        }
        await expectFailure(.connect, client, request("https"))
        await expectFailure(.timeout, client, request("http"))
    }

    @Test func `A repeated request that finds nobody may have arrived before`() async throws {
        // libcurl sends it on the connection it kept, sees that close, and is refused when it tries with a new one.
        let server = try RawServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", leaves: true)
        let client = HTTPClient(logger: quiet)
        defer {
            client.close()
            server.stop()
        }
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(server.port)/")
        let status = try await client.send(request).status
        #expect(status == 200)
        await expectFailure(.connection, client, request)
    }

    @Test func `A URL or field that is not one never leaves`() async throws {
        try await withClient { client, url in
            for wrong in ["file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1", "http://a b/", ""] {
                await expectFailure(.malformed, client, HTTPClientRequest(url: wrong))
            }
            await expectFailure(.malformed, client, HTTPClientRequest(url: url, headers: ["X": "a\r\nY: b"]))
            await expectFailure(.malformed, client, HTTPClientRequest(url: url, headers: ["X Y": "a"]))
            await expectFailure(.malformed, client, HTTPClientRequest(method: "GET /", url: url))
        }
    }

    @Test func `An address that is not permitted is not connected to`() async throws {
        try await withClient(
            permits: { $0 != "127.0.0.1" },
            handler: { _ in
                Issue.record("the request arrived")
                return .text(200, "")
            }
        ) { client, url in
            await expectFailure(.forbiddenAddress, client, HTTPClientRequest(url: url))
        }
        try await withClient(permits: { $0 == "127.0.0.1" }) { client, url in
            let got = try await client.send(HTTPClientRequest(url: url)).status
            #expect(got == 200)
        }
    }

    @Test func `Cancelling ends the transfer`() async throws {
        try await withClient(handler: { _ in
            try? await Task.sleep(for: .seconds(15))
            return .text(200, "late")
        }) { client, url in
            let request = HTTPClientRequest(url: url)
            let task = Task { try await client.send(request) }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            let result = await task.result
            #expect(throws: HTTPError.self) { try result.get() }
        }
    }

    @Test func `Closing ends what is under way, and what comes after is refused`() async throws {
        try await withClient(handler: { _ in
            try? await Task.sleep(for: .seconds(15))
            return .text(200, "late")
        }) { client, url in
            async let pending: Void = expectFailure(.closed, client, HTTPClientRequest(url: url))
            try await Task.sleep(for: .milliseconds(100))
            client.close()
            await pending
            await expectFailure(.closed, client, HTTPClientRequest(url: url))
        }
    }

    @Test func `A place names no path and no password`() {
        let request = HTTPClientRequest(url: "https://user:secret@hooks.example.com:8443/services/T000/XXXX?token=1")
        #expect(request.place == "https://hooks.example.com:8443")
    }

    @Test func `Many requests at once share the client`() async throws {
        try await withClient { client, url in
            let statuses = await withTaskGroup(of: Int.self) { group in
                for index in 0..<100 {
                    group.addTask { (try? await client.send(HTTPClientRequest(url: "\(url)/\(index)")))?.status ?? 0 }
                }
                return await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses == [Int](repeating: 200, count: 100))
        }
    }
}
