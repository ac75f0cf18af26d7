import Postgres
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// One system that watches a server of every major: what arrives is what each server itself says.
    @Suite(.serialized) struct FleetTests {
        @Test(.enabled(if: PostgresEngines.missing == nil, Comment(rawValue: PostgresEngines.missing ?? "")))
        func `The families of every major arrive with the server's own values`() async throws {
            try await FleetServer.with { fleet in
                #expect(fleet.count > 0)
                var before: [String: [Int64]] = [:]
                for server in fleet { before[server.id] = try await server.database() }
                try await World.with(change: { $0.servers += fleet.flatMap(\.targets) }) { world in
                    for server in fleet { _ = try await world.waitForOutcome("ok", of: server.id) }
                    try await world.cycles()
                    for server in fleet { try await server.pgbench(["-n", "-c", "2", "-j", "1", "-t", "40"]) }
                    for server in fleet { try await world.compare(server, before[server.id] ?? []) }
                    for server in fleet where !server.hasMonitorRole { try await world.expectRestrictions(server) }
                    #expect(try await world.stored("SELECT count(*) FROM api.gaps") == 0)
                    #expect(try await world.stored("SELECT count(*) FROM api.dead_letters") == 0)
                    #expect(try await world.doubledRows() == 0)
                }
            }
        }
    }
}

extension World {
    /// Holds what is stored of a server against what it says itself.
    fileprivate func compare(_ server: FleetServer, _ before: [Int64]) async throws {
        let counted = try await server.counters()
        #expect(counted.values.reduce(0) { $0 + $1.calls } >= 7 * 80, "\(server.id): \(counted)")
        try await expectCounts(counted, of: server.id)

        let change = zip(try await server.database(), before).map { $0 - $1 }
        var deltas: [Int64] = []
        _ = try? await waitFor("pg_stat_database of \(server.id)", within: .seconds(20)) {
            deltas = try await databaseDeltas(of: server.id)
            return deltas == change ? true : nil
        }
        #expect(deltas == change, "\(server.id): \(FleetServer.databaseColumns)")

        let state = try await state(of: server.id)
        #expect(state.version?.hasPrefix(server.engine.major) == true, "\(server.id): \(state.version ?? "none")")
        #expect(state.cycle?.up == true && state.cycle?.outcome == "ok")
        let names = ["activity", "connections", "database", "lock_waits", "statement_texts", "statements"]
        #expect(Set(names).isSubset(of: state.families.map(\.family)), "\(server.id)")
        for family in state.families {
            #expect(family.outcome == "ok", "\(server.id), \(family.family): \(family.message ?? "")")
        }

        let instance = "instance = '\(server.id)'"
        #expect(try await stored("SELECT max(max_connections) FROM api.connections WHERE \(instance)") == 23)
        #expect(try await stored("SELECT min(total) FROM api.connections WHERE \(instance)") >= 1)
        #expect(try await stored("SELECT count(*) FROM api.activity WHERE \(instance)") > 0, "\(server.id)")
        #expect(try await stored("SELECT count(*) FROM api.cycle WHERE \(instance) AND outcome <> 'ok'") == 0)
    }

    private func databaseDeltas(of server: String) async throws -> [Int64] {
        let sums = FleetServer.databaseColumns.map { "coalesce(sum(\($0)), 0)::bigint" }.joined(separator: ", ")
        var connection = try await PostgresConnection.open(
            try PostgresSettings(url: stack.storageURL), timeout: .seconds(10))
        let result = try await connection.query(
            "SELECT \(sums) FROM api.database WHERE instance = $1 AND datname = 'load'", [.text(server)])
        var deltas: [Int64] = []
        for column in FleetServer.databaseColumns.indices { deltas.append(try result.int(0, column) ?? -1) }
        return deltas
    }

    /// What 9.6 does not show to an ordinary role is said, and the rest arrives.
    fileprivate func expectRestrictions(_ server: FleetServer) async throws {
        let state = try await state(of: server.plainID)
        #expect(state.cycle?.up == true)
        for family in ["activity", "connections", "lock_waits", "statements"] {
            #expect(state.family(family)?.outcome == "permission_limited")
            let message = state.family(family)?.message ?? ""
            for part in [server.plainID, "plain", "9.6 has no pg_monitor", "superuser"] {
                #expect(message.contains(part), "\(family): \(message)")
            }
        }
        #expect(state.family("database")?.outcome == "ok")
    }
}
