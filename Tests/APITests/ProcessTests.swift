import Foundation
import HTTP
import Postgres
import Runtime
import Support
import Testing

@testable import API

/// The binary as it is run: its words, and a life with a database that goes and comes.
@Suite(.serialized) struct APIProcessTests {
    private func run(
        _ words: [String], url: String?, extra: [String: String] = [:]
    ) async throws -> ChildProcess.Result {
        var environment = ["PATH": "/usr/bin:/bin"]
        environment["DATABASE_URL"] = url
        for (name, value) in extra { environment[name] = value }
        return try await ChildProcess.run(
            executable: try APIFixture.executable("pganalytics-api"), arguments: words, environment: environment)
    }

    /// A line `password: …` of what a command printed.
    private func password(_ output: String) -> String? {
        output.split(separator: "\n").first { $0.hasPrefix("password: ") }.map { String($0.dropFirst(10)) }
    }

    @Test func `Users are added, listed, disabled, and get new passwords`() async throws {
        try await TestServer.with { server in
            let url = server.url()
            let early = try await run(["users", "add", "anna"], url: url)
            #expect(early.status == .exited(1) && early.error.contains("migrate up"), "\(early.error)")
            #expect(try await run(["migrate", "status"], url: url).status == .exited(1))
            let up = try await run(["migrate", "up"], url: url)
            #expect(up.status.isSuccess && up.output.contains("took 1"), "\(up.error)")
            #expect(try await run(["migrate", "up"], url: url).output.contains("up to date"))
            #expect(try await run(["migrate", "status"], url: url).status.isSuccess)

            let added = try await run(["users", "add", "anna", "--role", "admin"], url: url)
            #expect(added.status.isSuccess, "\(added.error)")
            let first = try #require(password(added.output))
            #expect(first.count == 20)
            let twice = try await run(["users", "add", "anna"], url: url)
            #expect(twice.status == .exited(1) && twice.error.contains("users passwd anna"))
            #expect(twice.error.split(separator: "\n").count == 1)
            let file = NSTemporaryDirectory() + "api-test-\(UInt64.random(in: 0 ... .max))"
            try "a good one\n".write(toFile: file, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(atPath: file) }
            let given = try await run(["users", "add", "vera", "--password-file", file], url: url)
            #expect(given.status.isSuccess && password(given.output) == nil)
            let changed = try await run(["users", "passwd", "anna"], url: url)
            #expect(try #require(password(changed.output)) != first)
            #expect(try await run(["users", "disable", "vera"], url: url).status.isSuccess)
            let list = try await run(["users", "list"], url: url).output.split(separator: "\n")
            #expect(
                list.count == 2 && list[0].hasPrefix("anna\tadmin\tactive")
                    && list[1].hasPrefix("vera\tviewer\tdisabled"))

            for (words, text) in [
                (["users", "add", "a b"], "not one"),
                (["users", "add", "x", "--role", "boss"], "admin, user or viewer"),
                (["users", "passwd", "nobody"], "users list"), (["users", "add"], "takes a name"),
                (["users", "list", "x"], "takes no name"), (["users", "frob", "x"], "add, passwd"),
                (["users", "add", "x", "--password-file", "/nowhere"], "/nowhere"),
                (["migrate", "sideways"], "up, down or status"),
            ] {
                let refused = try await run(words, url: url)
                #expect(!refused.status.isSuccess && refused.error.contains(text), "\(words): \(refused.error)")
                #expect(refused.error.split(separator: "\n").count == 1, "\(refused.error)")
            }
            #expect(try await run(["migrate", "down"], url: url).status.isSuccess)
            #expect(try await run(["migrate", "status"], url: url).status == .exited(1))
        }
    }

    @Test func `Without a database URL it says so and stops`() async throws {
        let missing = try await run([], url: nil)
        #expect(missing.status == .exited(2) && missing.error.contains("database.url"), "\(missing.error)")
        let wrong = try await run([], url: "nonsense://x:hunter2@y")
        #expect(!wrong.status.isSuccess && !wrong.error.contains("hunter2"), "\(wrong.error)")
    }

    @Test func `As its own role it signs in, reads, rides out a database that dies, and stops`() async throws {
        try await TestServer.with { server in
            try await APIFixture.migrateWriter(server.url())
            var connection = try await PostgresConnection.open(server.settings())
            try await connection.execute("ALTER ROLE pganalytics_api LOGIN PASSWORD 'api-secret'")
            connection.close()
            let url = server.url(user: "pganalytics_api", password: "api-secret")
            let up = try await run(["migrate", "up"], url: url)
            #expect(up.status.isSuccess, "\(up.error)")
            let secret = try #require(
                password(try await run(["users", "add", "anna", "--role", "admin"], url: url).output))

            let log = NSTemporaryDirectory() + "api-test-\(UInt64.random(in: 0 ... .max)).log"
            defer { try? FileManager.default.removeItem(atPath: log) }
            let child = try ChildProcess.spawn(
                executable: try APIFixture.executable("pganalytics-api"),
                environment: [
                    "PATH": "/usr/bin:/bin", "DATABASE_URL": url, "PGA_API_PORT": "0", "PGA_HEALTH_PORT": "0",
                    "PGA_API_QUERY_TIMEOUT": "3s",
                ], stderr: .file(log), parentDeathSignal: SIGKILL)
            defer { child.kill(SIGKILL) }
            let client = Client(base: "http://127.0.0.1:\(try await port(log))")
            defer { client.http.close() }

            let session = try await client.send(
                "/api/v1/auth/login", body: #"{"username":"anna","password":"\#(secret)"}"#)
            #expect(session.status == 200, "\(session.text)")
            let json = try #require(try JSONSerialization.jsonObject(with: Data(session.body)) as? [String: Any])
            let token = try #require(json["access_token"] as? String)
            #expect(try await client.send("/api/v1/servers", token: token).status == 200)
            #expect(try await client.send("/api/v1/health").status == 200)

            await server.killNow()
            let away = try await client.send("/api/v1/servers", token: token)
            #expect(away.status == 503 && away.headers["Retry-After"] != nil, "\(away.text)")
            #expect(away.headers["Content-Type"] == "application/problem+json")
            #expect(!away.text.contains("127.0.0.1"))
            let health = try await client.send("/api/v1/health")
            #expect(health.status == 503 && health.text.contains(#""database":"away""#))
            try await server.restart()
            var back = try await client.send("/api/v1/servers", token: token)
            for _ in 0..<50 where back.status == 503 {
                try await Task.sleep(for: .milliseconds(200))
                back = try await client.send("/api/v1/servers", token: token)
            }
            #expect(back.status == 200, "\(back.text)")

            child.kill(SIGTERM)
            #expect(await child.wait() == .exited(0))
            #expect(!(try String(contentsOfFile: log, encoding: .utf8)).contains("api-secret"))
        }
    }

    @Test func `The API's role writes users, adds to the audit log, and can do no more`() async throws {
        try await TestServer.with { server in
            // Here a superuser migrates, as a demo does.
            try await APIFixture.migrateWriter(server.url())
            #expect(try await run(["migrate", "up"], url: server.url()).status.isSuccess)
            var owner = try await PostgresConnection.open(server.settings())
            try await owner.execute("ALTER ROLE pganalytics_api LOGIN PASSWORD 'api-secret'")
            owner.close()
            let url = server.url(user: "pganalytics_api", password: "api-secret")
            #expect(try await run(["users", "add", "anna"], url: url).status.isSuccess)
            var connection = try await PostgresConnection.open(
                server.settings(user: "pganalytics_api", password: "api-secret"))
            for sql in [
                "SELECT count(*) FROM api.statements", "SELECT count(*) FROM accounts.users",
                "SELECT count(*) FROM api.freshness",
            ] {
                _ = try await connection.query(sql)
            }
            for sql in [
                "SELECT count(*) FROM metrics.statements", "SELECT count(*) FROM ledger.offsets",
                "DELETE FROM accounts.audit",
                "UPDATE accounts.audit SET actor = 'x'", "DELETE FROM accounts.users", "CREATE TABLE api.x (a int)",
                "DROP TABLE accounts.audit",
            ] {
                let error = await #expect(throws: PostgresError.self, "\(sql)") { _ = try await connection.query(sql) }
                #expect(error?.sqlState == "42501", "\(sql)")
            }
            connection.close()
        }
    }

    /// The port that the log says it listens on.
    private func port(_ log: String) async throws -> Int {
        for _ in 0..<200 {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            if let line = text.split(separator: "\n").first(where: {
                $0.contains("Listening") && $0.contains("api.port=")
            }),
                let field = line.split(separator: " ").first(where: { $0.hasPrefix("api.port=") }),
                let port = Int(field.dropFirst(9))
            {
                return port
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandError(
            description: "it does not listen: \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
    }
}

/// A client of one API.
private struct Client {
    let base: String
    let http = HTTPClient(logger: Logger(service: "test", level: .error, sink: { _ in }))

    func send(_ path: String, token: String? = nil, body: String? = nil) async throws -> HTTPResponse {
        var headers: HTTPHeaders = [:]
        headers["Authorization"] = token.map { "Bearer " + $0 }
        if body != nil { headers["Content-Type"] = "application/json" }
        return try await http.send(
            HTTPClientRequest(
                method: body == nil ? "GET" : "POST", url: base + path, headers: headers,
                body: body.map { Array($0.utf8) }))
    }
}
