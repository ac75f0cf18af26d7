import HTTP
import Runtime
import Support
import Synchronization
import Testing

@Suite struct HTTPServerTests {
    @Test func `A path is cut at its slashes before it is decoded`() async throws {
        try await withServer { port in
            let (text, _) = try await RawSocket.exchange(plain("/a%2Fb/c%20d?x=1+2&y=%C3%A9&x=3"), port: port)
            #expect(text.hasSuffix("GET [a/b|c d] {x=1 2,y=é,x=3} 0 bytes\n"), "\(text)")
        }
    }

    @Test func `Pipelined requests are answered in their order`() async throws {
        try await withServer(handler: { request in
            if request.path == "/slow" { try? await Task.sleep(for: .milliseconds(150)) }
            return await echo(request)
        }) { port in
            let (text, closed) = try await RawSocket.exchange(
                "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nPOST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                    + plain("/three"), port: port)
            let order = ["[slow]", "POST [two] {} 3 bytes", "[three]"].map { text.range(of: $0)?.lowerBound }
            #expect(order.allSatisfy { $0 != nil }, "\(text)")
            #expect(order.compactMap { $0 } == order.compactMap { $0 }.sorted())
            #expect(closed)
        }
    }

    @Test func `HEAD has the length and no body`() async throws {
        try await withServer { port in
            let (text, _) = try await RawSocket.exchange(plain("/a", method: "HEAD"), port: port)
            #expect(status(text) == 200)
            #expect(text.contains("Content-Length: "))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `What a handler does not know is its 404`() async throws {
        try await withServer { port in
            let got = try await status(RawSocket.exchange(plain("/missing"), port: port).text)
            #expect(got == 404)
        }
    }

    @Test func `A client that waits for 100 Continue gets it`() async throws {
        try await withServer { port in
            let socket = try RawSocket(port: port)
            defer { socket.close() }
            try await socket.send(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
            let (interim, _) = try await socket.read(until: { $0.contains("\r\n\r\n") })
            #expect(status(interim) == 100)
            try await socket.send("ab")
            let got = try await status(socket.read().text)
            #expect(got == 200)
        }
    }

    @Test func `Clients that vanish leave nothing behind`() async throws {
        let metrics = MetricRegistry()
        try await withServer(
            metrics: metrics,
            handler: { request in
                try? await Task.sleep(for: .milliseconds(100))
                return await echo(request)
            }
        ) { port in
            let parts = [
                "", "GET / HT", "GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            ]
            for part in parts + ["all"] {
                for reset in [true, false] {
                    for part in part == "all" ? parts + parts : [part, part, part] {
                        let socket = try RawSocket(port: port)
                        try await socket.send(part)
                        try await Task.sleep(for: .milliseconds(5))
                        socket.close(reset: reset)
                    }
                    let isClean = await eventually(within: .seconds(8)) {
                        gauge("http_server_requests_in_flight", in: metrics) == 0
                            && gauge("http_server_connections", in: metrics) == 0
                    }
                    #expect(isClean, "after \"\(part)\"\(reset ? ", reset" : ""): \(metrics.render())")
                }
            }
            let got = try await status(RawSocket.exchange(plain("/a"), port: port).text)
            #expect(got == 200)
        }
    }

    @Test func `A handler that never ends is answered for, and cancelled`() async throws {
        let cancelled = Mutex(false)
        var settings = testSettings()
        settings.answerDeadline = .milliseconds(300)
        try await withServer(
            settings,
            handler: { _ in
                do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.withLock { $0 = true } }
                return .text(200, "late")
            }
        ) { port in
            let (text, _) = try await RawSocket.exchange(plain("/"), port: port)
            #expect(status(text) == 503)
            #expect(await eventually { cancelled.withLock { $0 } })
        }
    }

    @Test func `Stopping answers what is in flight first`() async throws {
        let arrived = Mutex(0)
        let server = try HTTPServer(testSettings(), logger: quiet, metrics: MetricRegistry()) { request in
            arrived.withLock { $0 += 1 }
            try? await Task.sleep(for: .milliseconds(300))
            return await echo(request)
        }
        let sockets = try (0..<10).map { _ in try RawSocket(port: server.port) }
        for socket in sockets { try await socket.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n") }
        #expect(await eventually { arrived.withLock { $0 } == 10 })
        await server.stop(within: .seconds(20))
        for socket in sockets {
            let (text, closed) = try await socket.read()
            #expect(status(text) == 200 && text.contains("[late]"), "\(text)")
            #expect(closed)
            socket.close()
        }
        #expect(throws: RawSocketError.self) { try RawSocket(port: server.port) }
    }

    @Test func `Stopping with a handler that never ends answers 503 and stops`() async throws {
        let arrived = Mutex(false)
        let server = try HTTPServer(testSettings(), logger: quiet, metrics: MetricRegistry()) { _ in
            arrived.withLock { $0 = true }
            try? await Task.sleep(for: .seconds(60))
            return .text(200, "never")
        }
        let socket = try RawSocket(port: server.port)
        try await socket.send(plain("/"))
        #expect(await eventually { arrived.withLock { $0 } })
        await server.stop(within: .milliseconds(200))
        let got = try await status(socket.read().text)
        #expect(got == 503)
        socket.close()
    }

    @Test func `Stopping in the middle of traffic never aborts`() async throws {
        for _ in 0..<5 {
            let server = try HTTPServer(testSettings(), logger: quiet, metrics: MetricRegistry()) { request in
                try? await Task.sleep(for: .milliseconds(3))
                return await echo(request)
            }
            let port = server.port
            await withDiscardingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        guard let socket = try? RawSocket(port: port) else { return }
                        defer { socket.close() }
                        while (try? await socket.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")) == true {
                            guard let answer = try? await socket.read(until: { $0.hasSuffix("bytes\n") }),
                                !answer.closed
                            else { return }
                        }
                    }
                }
                try? await Task.sleep(for: .milliseconds(60))
                await server.stop(within: .milliseconds(20))
            }
        }
    }

    @Test func `Hundreds of requests can wait at once`() async throws {
        try await withServer(handler: { request in
            try? await Task.sleep(for: .milliseconds(400))
            return await echo(request)
        }) { port in
            let sockets = try (0..<200).map { _ in try RawSocket(port: port) }
            for socket in sockets { try await socket.send(plain("/x")) }
            for socket in sockets {
                let got = try await status(socket.read(for: .seconds(20)).text)
                #expect(got == 200)
                socket.close()
            }
        }
    }

    @Test func `A taken port is said with its remedy`() throws {
        let metrics = MetricRegistry()
        let first = try HealthListener(port: 0, metrics: metrics, logger: quiet, ready: { nil })
        defer { first.stop() }
        let error = #expect(throws: HTTPError.self) {
            try HealthListener(port: first.port, metrics: metrics, logger: quiet, ready: { nil })
        }
        #expect(error?.code == .listen)
        #expect(error?.message.contains("\(first.port)") == true)
        #expect(throws: HTTPError.self) {
            try HealthListener(address: "localhost", port: 0, metrics: metrics, logger: quiet, ready: { nil })
        }
    }

    @Test func `The health listener says live, ready and its numbers`() async throws {
        let metrics = MetricRegistry()
        metrics.counter("things_total", help: "Things.").add(3)
        let reason = Mutex<String?>("the database is away")
        let listener = try HealthListener(port: 0, metrics: metrics, logger: quiet, ready: { reason.withLock { $0 } })
        defer { listener.stop() }
        let client = HTTPClient(logger: quiet)
        defer { client.close() }
        func get(_ path: String, _ method: String = "GET") async throws -> HTTPResponse {
            try await client.send(HTTPClientRequest(method: method, url: "http://127.0.0.1:\(listener.port)\(path)"))
        }
        let live = try await get("/healthz")
        #expect(live.status == 200)
        let waiting = try await get("/readyz")
        #expect(waiting.status == 503 && waiting.text == "the database is away\n")
        reason.withLock { $0 = nil }
        let ready = try await get("/readyz")
        #expect(ready.status == 200)
        #expect(try await get("/metrics").text.contains("things_total 3"))
        let got = try await get("/nothing").status
        #expect(got == 404)
        let refused = try await get("/healthz", "DELETE")
        #expect(refused.status == 405 && refused.headers["allow"] == "GET, HEAD")
    }
}

extension String {
    /// The first place of a text in this one.
    fileprivate func range(of other: String) -> Range<String.Index>? {
        indices.first { self[$0...].hasPrefix(other) }.map { $0..<index($0, offsetBy: other.count) }
    }
}
