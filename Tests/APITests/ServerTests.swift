import Foundation
import HTTP
import Postgres
import Runtime
import Support
import Synchronization
import Testing

@testable import API

/// The server in front of the router as the service makes it: what it refuses itself, and how it ends.
@Suite struct ServerTests {
    private static let logger = Logger(service: "test", level: .error, sink: { _ in })

    /// A server over these routes, whose database is not there unless one is given.
    private func server(
        _ routes: [Route] = Route.table, over database: PostgresSettings? = nil
    ) throws -> (HTTPServer, Router) {
        let url = "postgresql://nobody@127.0.0.1:1/nothing"
        let settings = try APISettings(
            Settings.load(
                APISettings.schema, arguments: ["api.port": "0", "database.url": url], environment: [:], file: nil))
        let router = try APIFixture.makeRouter(database ?? settings.database, hash: "", routes: routes)
        let server = try API.makeServer(settings, router, logger: Self.logger, metrics: MetricRegistry())
        return (server, router)
    }

    private func route(_ handler: @escaping @Sendable (Call) async throws -> HTTPResponse) -> Route {
        Route(
            method: "GET", pattern: "/slow", access: .open, operation: "slow", tag: "x", summary: "x",
            answer: .content("text/plain"), handler: handler)
    }

    /// Expects one response with that status, a problem as its body, and the fields of every answer.
    private func expectProblem(_ text: String, _ status: Int, location: SourceLocation = #_sourceLocation) throws {
        #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(text)", sourceLocation: location)
        let end = try #require(text.firstRange(of: "\r\n\r\n"), "\(text)", sourceLocation: location)
        let head = text[..<end.lowerBound].lowercased()
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(text[end.upperBound...].utf8)) as? [String: Any])
        #expect(SchemaCheck.faults(json, .named("Problem")) == [], sourceLocation: location)
        #expect(json["status"] as? Int == status, sourceLocation: location)
        let requestID = try #require(json["request_id"] as? String)
        for field in [
            "content-type: application/problem+json", "x-request-id: \(requestID)", "x-content-type-options: nosniff",
            "x-frame-options: deny", "content-security-policy: default-src 'none'", "cache-control: no-store",
        ] {
            #expect(head.contains("\r\n" + field), "\(field) in \(head)", sourceLocation: location)
        }
        #expect(requestID.count == 16, sourceLocation: location)
        #expect((status == 503) == head.contains("\r\nretry-after: "), sourceLocation: location)
    }

    /// Waits until something holds; without an end it would hang where the handler fails.
    private func expectSoon(_ condition: () -> Bool) async throws {
        for _ in 0..<6000 where !condition() { try await Task.sleep(for: .milliseconds(5)) }
        try #require(condition())
    }

    @Test(arguments: [
        ("GET /api/v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
        ("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", 413),
        (
            "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n11000\r\n"
                + String(repeating: "x", count: 0x11000) + "\r\n0\r\n\r\n", 413
        ),
    ])
    func `What the server refuses by itself is a problem like any other`(request: String, status: Int) async throws {
        let (server, router) = try server()
        let (text, closed) = try await RawSocket.exchange(request, port: server.port)
        try expectProblem(text, status)
        #expect(closed)
        await API.stop(server, router)
    }

    @Test func `A stop that cannot wait answers with a problem`() async throws {
        let arrived = Mutex(false)
        let (server, router) = try server([
            route { _ in
                arrived.withLock { $0 = true }
                try await Task.sleep(for: .seconds(600))
                return .text(200, "never")
            }
        ])
        let socket = try RawSocket(port: server.port)
        defer { socket.close() }
        try await socket.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        try await expectSoon { arrived.withLock { $0 } }
        await server.stop(within: .milliseconds(50))
        try expectProblem(try await socket.read().text, 503)
        await router.context.storage.pool.close()
    }

    @Test func `A stop answers a slow query first, and what it asks the database after that`() async throws {
        try await TestServer.with { database in
            let arrived = Mutex(false)
            let (server, router) = try server(
                [
                    route { call in
                        let storage = call.context.storage
                        try await storage.use { connection in
                            arrived.withLock { $0 = true }
                            _ = try await connection.query("SELECT pg_sleep(0.5)", timeout: .seconds(20))
                        }
                        try await storage.use { connection in
                            _ = try await connection.query("SELECT 1", timeout: .seconds(20))
                        }
                        return .text(200, "done")
                    }
                ], over: database.settings())
            let socket = try RawSocket(port: server.port)
            defer { socket.close() }
            try await socket.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            try await expectSoon { arrived.withLock { $0 } }
            await API.stop(server, router)
            let (text, closed) = try await socket.read()
            #expect(text.hasPrefix("HTTP/1.1 200 ") && text.hasSuffix("done"), "\(text)")
            #expect(closed)
            await #expect(throws: Storage.Failure.self) {
                try await router.context.storage.use { connection in
                    _ = try await connection.query("SELECT 1", timeout: .seconds(20))
                }
            }
        }
    }

    @Test func `Settings that PostgreSQL or the limiter would undo are refused`() {
        for (name, value) in [("api.query_timeout", "25d"), ("api.login_failures", "31")] {
            #expect(throws: SettingsError.self, "\(name)") {
                try APISettings(
                    Settings.load(
                        APISettings.schema, arguments: [name: value, "database.url": "postgresql://x@127.0.0.1/x"],
                        environment: [:], file: nil))
            }
        }
    }
}
