import Crypto
import Foundation
import HTTP
import Postgres
import Runtime
import Support
import Testing

@testable import API

/// A database with the storage schema of the writer's own binary, our accounts and a few rows, and a router over it.
struct APIFixture: Sendable {
    let router: Router
    let database: PostgresSettings
    let base: Int64
    let logger = Logger(service: "test", level: .error, sink: { _ in })

    @TaskLocal static var current: APIFixture?

    /// The fixture of the suite.
    static func get() throws -> APIFixture { try #require(current, "the suite lacks its trait") }

    static let password = "correct horse"

    /// Makes one on a server that runs.
    static func make(_ server: PrivatePostgres) async throws -> APIFixture {
        let database = server.settings()
        try await migrateWriter(server.url())
        var connection = try await PostgresConnection.open(database)
        _ = try await AccountsSchema.migrator.up(&connection)
        // Whole minutes, and in the past: steps of a minute fall where one expects them.
        let base = (WallClock.microseconds() / 60_000_000 - 20) * 60_000_000
        try await connection.execute(FixtureRows.sql(base: base))
        let hash = try await PasswordHash.hash(password, cost: 4)
        for (name, role) in [("anna", Role.admin), ("ulf", .user), ("vera", .viewer), ("gone", .admin)] {
            try await Accounts.add(name, role: role, hash: hash, by: "test", &connection)
        }
        try await Accounts.setDisabled("gone", true, by: "test", &connection)
        connection.close()
        return APIFixture(router: try makeRouter(database, hash: hash), database: database, base: base)
    }

    static func makeRouter(_ database: PostgresSettings, hash: String, routes: [Route] = Route.table) throws -> Router {
        let logger = Logger(service: "test", level: .error, sink: { _ in })
        let context = APIContext(
            storage: Storage(database, connections: 4, timeout: .seconds(5), logger: logger),
            authority: TokenAuthority(
                keys: [try SigningKey.generate()], issuer: "pganalytics", audience: "pganalytics-api"),
            tokenLifetime: .seconds(600), limiter: LoginLimiter(), nobodysHash: hash, logger: logger,
            metrics: MetricRegistry())
        return Router(routes: routes, context: context)
    }

    /// The writer's binary makes its schema, as in production: the API imports nothing of the writer.
    static func migrateWriter(_ url: String) async throws {
        let binary = try executable("pganalytics-writer")
        let result = try await ChildProcess.run(
            executable: binary, arguments: ["migrate", "up"],
            environment: ["DATABASE_URL": url, "PATH": "/usr/bin:/bin"])
        try #require(result.status.isSuccess, "\(binary) migrate up: \(result.error)")
    }

    /// A program of this package, beside the tests.
    static func executable(_ name: String) throws -> String {
        let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = (here as NSString).deletingLastPathComponent + "/" + name
        try #require(FileManager.default.isExecutableFile(atPath: path), "build \(name) first: swift build")
        return path
    }

    /// A token of a user.
    func token(_ name: String) async throws -> String {
        var connection = try await PostgresConnection.open(database)
        let found = try #require(try await Accounts.find(name, &connection))
        connection.close()
        return try router.context.authority.issue(
            subject: name, lifetime: .seconds(600),
            extra: ["role": found.account.role.rawValue, "ver": String(found.account.tokenVersion)]
        ).token
    }

    /// Asks as a user (nil: as nobody) and returns the answer.
    func ask(
        _ target: String, method: String = "GET", as user: String? = "vera", headers: HTTPHeaders = [:],
        body: String = ""
    ) async throws -> HTTPResponse {
        var headers = headers
        if let user { headers["Authorization"] = "Bearer " + (try await token(user)) }
        let request = try HTTPRequest(method: method, target: target, headers: headers, body: Array(body.utf8))
        return await router.answer(request)
    }

    /// The answer as JSON, which must be a 200 that keeps to its schema.
    func get(_ target: String, location: SourceLocation = #_sourceLocation) async throws -> [String: Any] {
        let response = try await ask(target)
        #expect(response.status == 200, "\(target): \(response.text)", sourceLocation: location)
        let json = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
        let request = try HTTPRequest(method: "GET", target: target)
        let route = try #require(Route.table.first { $0.method == "GET" && $0.match(request.segments) != nil })
        if case .json(let schema) = route.answer {
            for fault in SchemaCheck.faults(json, schema) {
                Issue.record("\(route.pattern): \(fault)", sourceLocation: location)
            }
        }
        return json
    }

    /// A time of the fixture, in the form a URL takes.
    func at(_ seconds: Int64) -> String { RFC3339.text(base + seconds * 1_000_000) }
}

/// Starts the server and fills it, once for all tests of a suite.
struct APIFixtureTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestServer.with { server in
            let fixture = try await APIFixture.make(server)
            try await APIFixture.$current.withValue(fixture) { try await function() }
            await fixture.router.context.storage.pool.close()
        }
    }
}

extension Trait where Self == APIFixtureTrait {
    static var database: APIFixtureTrait { APIFixtureTrait() }
}

/// What needs the database; each file adds tests.
@Suite(.database) struct WithDatabase {}
