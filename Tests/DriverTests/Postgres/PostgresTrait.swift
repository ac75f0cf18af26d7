import Postgres
import Support
import Testing

/// One private PostgreSQL for all tests of a suite.
struct PrivateServerTrait: SuiteTrait, TestScoping {
    var configuration: [String: String] = [:]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestServer.with(configuration: configuration) { _ in try await function() }
    }
}

extension Trait where Self == PrivateServerTrait {
    static var privateServer: PrivateServerTrait { PrivateServerTrait() }
}

/// What needs a server; each file adds a suite.
@Suite(.privateServer) struct WithPostgres {}

/// A connection to the suite's server.
func connect() async throws -> PostgresConnection {
    guard let server = TestServer.current else { throw PostgresError(.settings, "no server in this suite") }
    return try await PostgresConnection.open(server.settings())
}
