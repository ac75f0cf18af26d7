import Codec
import Postgres
import Testing

@testable import Collector

/// What the rows of statements say of a statement's life, over a real server.
@Suite(.serialized, .enabled(if: LiveServer.script != nil, "the engines' script was not found (PGA_TEST_SHARED)"))
struct StatementRowsTests {
    private func with(_ major: String, _ settings: [String] = [], _ body: (LiveServer) async throws -> Void)
        async throws
    {
        let server = try await LiveServer.start(
            LiveServer.majors.contains(major) ? major : try #require(LiveServer.majors.last), settings)
        do {
            try await body(server)
        } catch {
            await server.destroy()
            throw error
        }
        await server.destroy()
    }

    /// Every row of a statement that arrived.
    private func rows(of queryid: Int64, _ collector: LiveCollector) async throws -> [[String: String]] {
        try await collector.tables("statements").flatMap { table in
            (0..<table.rowCount).filter { table.integer("queryid", $0) == queryid }.map { row in
                var values = table.row(row)
                values["quality"] = "\(table.quality(row))"
                return values
            }
        }
    }

    private func identify(_ server: LiveServer, _ text: String) async throws -> Int64 {
        try #require(
            try await server.numbers("SELECT queryid FROM pg_stat_statements WHERE query LIKE '\(text)%' LIMIT 1").first
        )
    }

    @Test(arguments: ["15", "16", "17"])
    func `With the extension of before an upgrade, calls inside functions are counted once`(major: String) async throws
    {
        try await with(major, ["pg_stat_statements.track=all"]) { server in
            try await server.execute("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor; CREATE TABLE t (a int)")
            try await server.execute(
                "DROP EXTENSION pg_stat_statements; CREATE EXTENSION pg_stat_statements VERSION '1.8'")
            try await server.execute(
                "CREATE FUNCTION inner_count() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM t WHERE a = 5; END $$"
            )
            let collector = LiveCollector()
            try collector.start([LiveCollector.server("one", port: server.port)])
            try await collector.settle()
            var connection = try await server.connect()
            func load(_ connection: inout PostgresConnection) async throws {
                for _ in 0..<9 { _ = try await connection.query("SELECT inner_count()") }
                for _ in 0..<4 { _ = try await connection.query("SELECT count(*) FROM t WHERE a = 5") }
            }
            try await load(&connection)
            try await collector.settle()
            // At rest nothing counts, cycle after cycle.
            try await collector.settle()
            try await load(&connection)
            try await collector.settle()
            // One statement in two rows: the extension does not say which is which.
            let twice = try await server.numbers(
                "SELECT queryid, count(*), sum(calls)::bigint FROM pg_stat_statements WHERE query LIKE '%FROM t WHERE a%' GROUP BY 1 HAVING count(*) = 2"
            )
            let queryid = try #require(twice.first)
            let counted = try await rows(of: queryid, collector)
            let calls = counted.compactMap { $0["calls"].flatMap { Int64($0) } }.reduce(0, +)
            #expect(calls == 2 * (9 + 4) && calls == twice[2], "\(counted)")
            #expect(counted.allSatisfy { $0["quality"] == "ok" }, "\(counted)")
            await collector.stop()
            connection.close()
        }
    }

    @Test func `A statement that ran once gets its name, in a row that counts nothing`() async throws {
        try await with("17") { server in
            try await server.execute("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor")
            try await server.execute("CREATE TABLE once (a int)")
            let queryid = try await identify(server, "CREATE TABLE once")
            let collector = LiveCollector()
            try collector.start([LiveCollector.server("one", port: server.port)])
            try await collector.wait("its name") {
                try await rows(of: queryid, collector).contains { $0["name"] != nil }
            }
            // And no row more.
            try await collector.settle()
            let found = try await rows(of: queryid, collector)
            #expect(found.count == 2)
            #expect(found[0]["quality"] == "first" && found[0]["name"] == nil && found[0]["calls"] == nil)
            let named = try #require(found.last)
            #expect(named["quality"] == "ok" && named["calls"] == "0" && named["total_exec_time"] == "0")
            #expect(try await collector.statements().contains { $0.name == named["name"] })
            await collector.stop()
        }
    }

    @Test(arguments: ["16", "17"])
    func `What was hidden until pg_monitor was granted is not counted as of one interval`(major: String) async throws {
        try await with(major) { server in
            try await server.execute("CREATE ROLE monitor LOGIN; CREATE TABLE t (a int)")
            var connection = try await server.connect()
            for _ in 0..<50 { _ = try await connection.query("SELECT count(*) FROM t") }
            let queryid = try await identify(server, "SELECT count(*) FROM t")
            let files = CrashingFiles(seed: 1)
            var collector = LiveCollector(files: files)
            try collector.start([LiveCollector.server("one", port: server.port)])
            try await collector.settle()
            // A role's own statements were never hidden: what is new of them counts from nothing.
            for _ in 0..<3 { try await server.execute("SELECT 1 AS mine", user: "monitor") }
            let mine = try await identify(server, "SELECT $1 AS mine")
            try await collector.settle()
            var calls = try await rows(of: mine, collector).compactMap { $0["calls"].flatMap { Int64($0) } }
            #expect(calls.reduce(0, +) == 3)

            // The collector that sees the grant remembers of the one before that it saw less.
            await collector.stop()
            try await server.execute("GRANT pg_monitor TO monitor")
            collector = LiveCollector(files: files)
            try collector.start([LiveCollector.server("one", port: server.port)])
            try await collector.settle()
            calls = try await rows(of: queryid, collector).compactMap { $0["calls"].flatMap { Int64($0) } }
            #expect(calls.reduce(0, +) == 0)
            #expect(try await rows(of: queryid, collector).first?["quality"] == "first")
            for _ in 0..<7 { _ = try await connection.query("SELECT count(*) FROM t") }
            try await collector.settle()
            calls = try await rows(of: queryid, collector).compactMap { $0["calls"].flatMap { Int64($0) } }
            #expect(calls.reduce(0, +) == 7)
            await collector.stop()
            connection.close()
        }
    }
}
