import Postgres
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// `pganalytics migrate`: one word for the schemas of all services.
    @Suite struct MigrateTests {
        @Test func `up, status, down and status speak for every service`() async throws {
            try await TestServer.with { server in
                var environment = Stack.environment
                environment["DATABASE_URL"] = server.url(database: try await TestServer.database().database)
                func migrate(_ arguments: String...) async throws -> ChildProcess.Result {
                    try await ChildProcess.run(
                        executable: Installation.binary("pganalytics"), arguments: ["migrate"] + arguments,
                        environment: environment)
                }
                let version = try await migrate("up", "1")
                #expect(version.status == .exited(2) && version.error.contains("takes no version"), "\(version)")
                let up = try await migrate("up")
                #expect(up.status == .exited(0), "\(up)")
                let there = try await migrate("status")
                #expect(there.status == .exited(0), "\(there)")
                let down = try await migrate("down")
                #expect(down.status == .exited(0), "\(down)")
                // The first says that it is behind, and the others are asked all the same.
                let gone = try await migrate("status")
                #expect(gone.status == .exited(1), "\(gone)")
                for service in ["pending", "analyzer", "alerter", "accounts"] {
                    #expect(gone.output.contains(service), "\(service): \(gone)")
                }
            }
        }
    }
}
