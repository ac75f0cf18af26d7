import Postgres
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// One collector told of servers that cannot be read, each for another reason: each is said in one line, in its cycles
    /// and in the log, and the server that can be read is read.
    @Suite(.serialized) struct BadServersTests {
        private static let secret = "canary-5d21c09e"

        /// A server that cannot be read in full.
        private struct Trouble {
            let target: StackOptions.Server
            /// Of the cycle, or of the family.
            let outcome: String
            var family: String?
            /// What, where and what to do, each in the line.
            let says: [String]
        }

        @Test func `Servers that refuse, are away or lack something are one clear line each, and the others go on`()
            async throws
        {
            let good = try await Monitored.start()
            do {
                try await TestServer.with { bare in
                    let troubles = try await Self.troubles(good, bare)
                    try await World.with(monitored: good, change: { $0.servers += troubles.map(\.target) }) { world in
                        try await world.cycles()
                        _ = try await good.pgbench(["-n", "-c", "1", "-t", "50"])
                        for trouble in troubles { try await Self.expect(trouble, world) }
                        try await world.expectCounts(try await good.counters())
                        #expect(
                            try await world.stored("SELECT count(*) FROM api.cycle WHERE instance = 'one' AND up = 0")
                                == 0)
                        try await Self.migrateWithAWrongPassword(world)
                        let grep = try await ChildProcess.run(
                            executable: "grep",
                            arguments: ["-r", "-l", "-F", Self.secret, world.stack.folder.path("logs")])
                        #expect(grep.output == "" && grep.status == .exited(1))
                    }
                }
                await good.stop()
            } catch {
                await good.stop()
                throw error
            }
        }

        /// Makes what is wrong on the two servers, and says how it should show.
        private static func troubles(_ good: Monitored, _ bare: PrivatePostgres) async throws -> [Trouble] {
            try await good.execute("CREATE ROLE plain LOGIN CONNECTION LIMIT 2 PASSWORD '\(secret)'")
            var connection = try await PostgresConnection.open(bare.settings(), timeout: .seconds(10))
            try await connection.execute(
                "CREATE ROLE pganalytics LOGIN PASSWORD '\(secret)'; GRANT pg_monitor TO pganalytics",
                timeout: .seconds(10)
            )
            try await connection.execute("CREATE DATABASE unloaded", timeout: .seconds(30))
            connection.close()
            // The extension is made there, and its library was never loaded.
            var unloaded = try await PostgresConnection.open(bare.settings(database: "unloaded"), timeout: .seconds(10))
            try await unloaded.execute("CREATE EXTENSION pg_stat_statements", timeout: .seconds(10))
            unloaded.close()

            func target(
                _ id: String, port: Int, user: String = "pganalytics", database: String = "postgres"
            ) -> StackOptions.Server {
                StackOptions.Server(
                    id: id, host: "127.0.0.1", port: port, user: user, password: secret, database: database)
            }
            let (port, nobody) = (good.postgres.port, try LoopbackPort.free())
            return [
                Trouble(
                    target: target("wrong-password", port: port), outcome: "authentication_failed",
                    says: ["127.0.0.1:\(port)", "28P01", "wrong password for", "pganalytics"]),
                Trouble(
                    target: target("away", port: nobody), outcome: "unreachable",
                    says: ["127.0.0.1:\(nobody)", "cannot connect", "check that PostgreSQL runs there"]),
                Trouble(
                    target: target("no-database", port: port, user: "plain", database: "nowhere"),
                    outcome: "database_missing", says: ["127.0.0.1:\(port)", "nowhere", "create the database"]),
                Trouble(
                    target: target("no-grant", port: port, user: "plain"), outcome: "permission_limited",
                    family: "statements", says: ["no-grant", "plain", "GRANT pg_monitor TO plain"]),
                Trouble(
                    target: target("no-extension", port: bare.port), outcome: "extension_missing", family: "statements",
                    says: ["no-extension", "pg_stat_statements", "database postgres", "CREATE EXTENSION"]),
                Trouble(
                    target: target("not-loaded", port: bare.port, database: "unloaded"), outcome: "not_preloaded",
                    family: "statements", says: ["not-loaded", "shared_preload_libraries", "restart"]),
            ]
        }

        private static func expect(_ trouble: Trouble, _ world: World) async throws {
            let id = trouble.target.id
            let message: String
            if let name = trouble.family {
                // The server is up, that family says what it lacks, and the others are read.
                let state = try await world.waitForOutcome("ok", of: id)
                let family = try #require(state.family(name), "\(id)")
                #expect(family.outcome == trouble.outcome, "\(id): \(family.message ?? "")")
                message = family.message ?? ""
                // Without the grant the sessions of others are hidden too.
                let isLimited = trouble.outcome == "permission_limited"
                for (other, outcome) in [("connections", isLimited ? trouble.outcome : "ok"), ("database", "ok")] {
                    #expect(state.family(other)?.outcome == outcome, "\(id), \(other)")
                }
            } else {
                let state = try await world.waitForOutcome(trouble.outcome, of: id)
                #expect(state.cycle?.up == false)
                message = state.cycle?.message ?? ""
            }
            for part in trouble.says { #expect(message.contains(part), "\(id): \(message)") }

            let lines = world.log(of: "collector").filter {
                $0.contains("server.id=\(id) ") && $0.contains("cannot be read")
                    && $0.contains("=\(trouble.family ?? trouble.outcome) ")
            }
            #expect(lines.count == 1, "\(id): \(lines)")
            for part in trouble.says { #expect(lines.allSatisfy { $0.contains(part) }, "\(id): \(lines)") }
        }

        private static func migrateWithAWrongPassword(_ world: World) async throws {
            var environment = ProcessEnvironment.all
            let storage = try PostgresSettings(url: world.stack.storageURL)
            let place = "\(storage.host):\(storage.port)"
            environment["DATABASE_URL"] = "postgresql://\(storage.user):\(secret)@\(place)/\(storage.database)"
            let result = try await ChildProcess.run(
                executable: Installation.binary("pganalytics"), arguments: ["migrate", "up"], environment: environment,
                timeout: .seconds(20))
            #expect(result.status == .exited(1))
            let lines = result.error.split(separator: "\n").filter { $0.contains("28P01") }
            #expect(lines.count == 1, "\(result.error)")
            #expect(lines.allSatisfy { $0.contains(place) && $0.contains("wrong password for") }, "\(lines)")
            #expect(!(result.output + result.error).contains(secret))
        }
    }
}
