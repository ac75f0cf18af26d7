import Glibc
import Postgres
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// Ground truth: what the server's own `pg_stat_statements` and pgbench counted is what the API answers, whatever was
    /// killed on the way.
    @Suite struct ExactCountsTests {
        @Test func `Calls and rows equal the server's, across kills, a reset and a restart`() async throws {
            try await countAndCompare(.mock)
        }

        @Test(.enabled(if: RealKafka.isFound, "\(RealKafka.whereLooked)"), arguments: Broker.real)
        func `Over a real Kafka they do too, with three brokers across the kill of a leader`(_ broker: Broker)
            async throws
        {
            try await countAndCompare(broker)
        }

        private func countAndCompare(_ broker: Broker) async throws {
            try await World.with(broker) { world in
                try await world.cycles()
                // Twelve seconds of load, in which the collector and the writer are killed, and a broker when there are three.
                async let output = world.monitored.pgbench(["-n", "-c", "3", "-j", "1", "-R", "60", "-T", "12"])
                try await Task.sleep(for: .seconds(3))
                world.stack.supervisor.kill("collector", again: true)
                try await Task.sleep(for: .seconds(2))
                world.stack.supervisor.kill("writer", again: true)
                if case .real(_, 3, _) = broker { try await world.killLeader() }
                let processed = try Shop.processed(in: try await output)
                #expect(processed > 0)

                let first = try await world.monitored.counters()
                try await world.expectCounts(first)
                #expect(first.values.contains { $0.calls == processed })  // pgbench counts what the server counts

                // The load has rested for a cycle: what the reset forgets has been read.
                try await world.cycles()
                try await world.monitored.execute("SELECT pg_stat_statements_reset()", database: "postgres")
                _ = try await world.monitored.pgbench(["-n", "-c", "1", "-t", "40"])
                let second = try await world.monitored.counters()
                try await world.expectCounts(first.adding(second))

                // A restart of the server keeps its counters (they are saved at a clean stop).
                try await world.cycles()
                try await world.monitored.postgres.restart()
                let atRestart = try await world.monitored.counters()
                _ = try await world.monitored.pgbench(["-n", "-c", "1", "-t", "30"])
                let third = try await world.monitored.counters()
                try await world.expectCounts(first.adding(second).adding(third.subtracting(atRestart)))

                let doubled = try await world.stored(
                    """
                    SELECT count(*) FROM (SELECT FROM api.statements
                    GROUP BY instance, time, database, username, queryid, toplevel HAVING count(*) > 1) d
                    """)
                #expect(doubled == 0)
                #expect(try await world.stored("SELECT count(*) FROM api.gaps") == 0)
            }
        }
    }
}

extension World {
    /// One statement of the API's list of top statements.
    struct Statement: Decodable, Sendable {
        let queryid: Int64
        let username: String?
        let calls: Int64?
        let rows: Int64?
    }

    struct Statements: Decodable, Sendable {
        let data: [Statement]
    }

    /// Calls and rows of each statement of the load's role by queryid, as the API answers for a server.
    func answered(of server: String? = nil) async throws -> [Int64: Counts] {
        let answer: Statements = try await api.get(
            "/servers/\(server ?? monitored.target.id)/statements?from=\(APIClient.monthAgo)&by=row&limit=1000")
        var counts: [Int64: Counts] = [:]
        for statement in answer.data where statement.username == "app" {
            counts[statement.queryid, default: Counts(calls: 0, rows: 0)] =
                counts[statement.queryid, default: Counts(calls: 0, rows: 0)]
                + Counts(calls: statement.calls ?? 0, rows: statement.rows ?? 0)
        }
        return counts
    }

    /// Waits until the API answers what the server counted; fails with both when it does not within a minute.
    func expectCounts(_ wanted: [Int64: Counts], of server: String? = nil) async throws {
        // A statement that was never read with a call of its own in it is not asked for.
        let wanted = wanted.filter { $0.value.calls > 0 }
        let deadline = ContinuousClock.now + .seconds(60)
        var found: [Int64: Counts] = [:]
        while ContinuousClock.now < deadline {
            found = (try? await answered(of: server)) ?? found
            if wanted.allSatisfy({ found[$0.key] == $0.value }) { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        for (queryid, counts) in wanted {
            #expect(found[queryid] == counts, "\(server ?? "the server"), queryid \(queryid)")
        }
    }
}

extension [Int64: Counts] {
    func adding(_ other: Self) -> Self { merging(other) { $0 + $1 } }

    func subtracting(_ other: Self) -> Self {
        var result = self
        for (queryid, counts) in other { result[queryid] = result[queryid].map { $0 - counts } }
        return result
    }
}
