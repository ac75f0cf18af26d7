import Codec
import Postgres
import SQL
import Testing

@testable import Collector

/// The families carry the server's own values, on every major there is.
@Suite(.serialized, .enabled(if: LiveServer.script != nil, "the engines' script was not found (PGA_TEST_SHARED)"))
struct MajorTests {
    @Test(arguments: LiveServer.majors) func `What arrives is what the server says`(major: String) async throws {
        let server = try await LiveServer.start(major, ["pg_stat_statements.max=1000"])
        do {
            try await check(server)
        } catch {
            await server.destroy()
            throw error
        }
        await server.destroy()
    }

    private func check(_ server: LiveServer) async throws {
        let version = try await server.numbers("SELECT current_setting('server_version_num')::bigint")[0]
        try await server.execute(
            version >= 100_000
                ? "CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor" : "CREATE ROLE monitor LOGIN SUPERUSER")
        let files = CrashingFiles(seed: 1)
        var collector = LiveCollector(files: files)
        try collector.start([LiveCollector.server("one", port: server.port)])
        try await collector.settle()

        // A database made after the first reading: everything in it counts from nothing.
        try await server.execute("CREATE DATABASE app")
        try await server.execute(
            "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000) g",
            database: "app")
        try await load(server)
        try await collector.settle()
        try await compare(server, collector, version)
        try await compareDatabase(server, collector)
        try await checkActivity(server, collector, version)
        try await checkLocks(server, collector)
        try await checkCycle(server, collector, version)
        try await checkNames(collector)

        // The collector is killed, and another one goes on from what is on disk: nothing is lost.
        await collector.stop()
        let kept = try await firsts(collector)
        try await load(server)
        collector = LiveCollector(files: files)
        try collector.start([LiveCollector.server("one", port: server.port)])
        try await collector.settle()
        #expect(try await firsts(collector) == kept)
        try await compare(server, collector, version)

        // A reset that comes after the load has rested for a cycle.
        let before = try await sums(collector)
        try await server.execute("SELECT pg_stat_statements_reset()")
        try await load(server)
        try await collector.settle()
        let after = try await sums(collector)
        let direct = try await own(server, version)
        for (key, values) in direct {
            if version >= 140_000 || (before[key]?["calls"] ?? 0) == 0 {
                #expect(
                    after[key, default: [:]]["calls", default: 0] - before[key, default: [:]]["calls", default: 0]
                        == values["calls"], "\(key)")
            }
        }

        // A restart of the server.
        try await server.restart()
        try await collector.wait("a cycle after the restart") {
            try await collector.tables("cycle").last?.integer("up", 0) == 1
        }
        let rested = try await sums(collector)
        try await load(server)
        try await collector.settle()
        let end = try await sums(collector)
        let insert = try #require(direct.keys.first { $0.hasSuffix("insert") })
        #expect(end[insert]!["calls"]! - rested[insert, default: [:]]["calls", default: 0] == 20)
        await collector.stop()
    }

    /// How many rows had no reading before them.
    private func firsts(_ collector: LiveCollector) async throws -> Int {
        try await collector.tables("statements").reduce(0) { $0 + ($1.quality?.count { $0 == .first } ?? 0) }
    }

    /// Known work by role postgres in database app.
    private func load(_ server: LiveServer) async throws {
        var connection = try await server.connect(database: "app")
        for number in 1...30 {
            _ = try await connection.query("SELECT b FROM t WHERE a = $1 /* canary-comment */", [.int(Int64(number))])
        }
        for _ in 1...20 { _ = try await connection.query("INSERT INTO t SELECT max(a) + 1, 'canary-text' FROM t") }
        for _ in 1...5 { _ = try await connection.query("SELECT count(*) FROM t x, t y WHERE x.a = y.a") }
        _ = try await connection.query("SELECT count(*) FROM generate_series(1, 50000)")
    }

    /// What the server itself says of statements of database app: label → values.
    private func own(_ server: LiveServer, _ version: Int64) async throws -> [String: [String: Int64]] {
        var connection = try await server.connect()
        let time = version >= 130_000 ? "total_exec_time" : "total_time"
        let names = [
            "calls", "rows", "shared_blks_hit", "shared_blks_read", "shared_blks_dirtied", "temp_blks_written",
        ]
        let result = try await connection.query(
            """
            SELECT s.queryid, s.query ILIKE 'insert%', \(names.map { "s.\($0)" }.joined(separator: ", ")), round((s.\(time) * 1000000)::numeric)::bigint
            FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = 'app' AND s.queryid IS NOT NULL
            """)
        var own: [String: [String: Int64]] = [:]
        for row in 0..<result.rowCount {
            var values: [String: Int64] = [:]
            for (place, name) in names.enumerated() { values[name] = try result.int(row, place + 2) }
            values["total_exec_time"] = try result.int(row, names.count + 2)
            let key =
                "\(try result.int(row, 0) ?? 0) \(try result.bool(row, 1) == true && values["calls"]! >= 20 ? "insert" : "other")"
            own[key] = values
        }
        return own
    }

    /// The sums of what arrived for database app.
    private func sums(_ collector: LiveCollector) async throws -> [String: [String: Int64]] {
        var sums: [String: [String: Int64]] = [:]
        for table in try await collector.tables("statements") {
            for row in 0..<table.rowCount where table.string("database", row) == "app" {
                let queryid = table.integer("queryid", row)!
                for kind in ["insert", "other"] {
                    for column in table.columns where column.kind == .counter {
                        sums["\(queryid) \(kind)", default: [:]][column.name, default: 0] += column.integer(row) ?? 0
                    }
                }
            }
        }
        return sums
    }

    private func compare(_ server: LiveServer, _ collector: LiveCollector, _ version: Int64) async throws {
        let direct = try await own(server, version)
        // After a restart of the collector only what came since is in its spool's new part; the sum of both counts.
        let arrived = try await sums(collector)
        #expect(direct.count >= 6)
        for (key, values) in direct {
            for (name, value) in values { #expect(arrived[key]?[name] == value, "\(key) \(name)") }
        }
        let columns = Set(try await collector.tables("statements").flatMap { $0.columns.map(\.name) })
        let wanted = Family.statements.columns.filter { $0.since <= version && $0.name != "name" }.map(\.name)
        #expect(Set(wanted).subtracting(columns).isEmpty, "missing: \(Set(wanted).subtracting(columns))")
    }

    private func compareDatabase(_ server: LiveServer, _ collector: LiveCollector) async throws {
        let names = ["xact_commit", "tup_inserted", "tup_fetched", "blks_hit", "blks_read", "temp_files"]
        try await collector.wait("the database's counters are those of the server") {
            let direct = try await server.numbers(
                "SELECT \(names.joined(separator: ", ")) FROM pg_stat_database WHERE datname = 'app'")
            var sums = [Int64](repeating: 0, count: names.count)
            for table in try await collector.tables("database") {
                for row in 0..<table.rowCount where table.string("datname", row) == "app" {
                    for (place, name) in names.enumerated() { sums[place] += table.integer(name, row) ?? 0 }
                }
            }
            return sums == direct && sums[1] > 1000
        }
    }

    private func checkActivity(_ server: LiveServer, _ collector: LiveCollector, _ version: Int64) async throws {
        var idle = try await server.connect(database: "app")
        _ = try await idle.query("SELECT 1")
        var open = try await server.connect(database: "app")
        try await open.execute("BEGIN; SELECT 1")
        try await collector.settle("activity")
        let table = try #require(try await collector.tables("activity").last)
        let rows = (0..<table.rowCount).map { table.row($0) }.filter {
            $0["database"] == "app" && $0["username"] == "postgres"
        }
        #expect(rows.first { $0["state"] == "idle" }?["count"] == "1")
        let transaction = rows.first { $0["state"] == "idle in transaction" }
        #expect(transaction?["count"] == "1")
        #expect(Int64(transaction?["longest_transaction"] ?? "0")! > 0)
        if version >= 100_000 { #expect(rows.allSatisfy { $0["backend_type"] == "client backend" }) }
        let connections = try #require(try await collector.tables("connections").last)
        let direct = try await server.numbers("SELECT current_setting('max_connections')::bigint")
        #expect(connections.integer("max_connections", 0) == direct[0])
        #expect(connections.integer("idle_in_transaction", 0) == 1)
        #expect(connections.integer("lock_waiters", 0) == 0)
        idle.close()
        open.close()
    }

    private func checkLocks(_ server: LiveServer, _ collector: LiveCollector) async throws {
        var holder = try await server.connect()
        try await holder.execute("CREATE TABLE locked (a int)")
        try await holder.execute("BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE")
        let holderPID = holder.backendPID
        let settings = server.settings()
        let waiter = Task {
            var connection = try await PostgresConnection.open(settings)
            _ = try await connection.query("SELECT count(*) FROM locked")
        }
        try await collector.wait("a lock wait") { try await collector.tables("lock_waits").last?.rowCount == 1 }
        let row = try #require(try await collector.tables("lock_waits").last).row(0)
        #expect(row["blocker_pid"] == String(holderPID))
        #expect(
            row["mode"] == "AccessShareLock" && row["lock_type"] == "relation" && row["relation"] == "public.locked")
        #expect(row["blocker_state"] == "idle in transaction" && row["blocker_username"] == "postgres")
        try await collector.wait("a waiter is counted") {
            try await collector.tables("connections").last?.integer("lock_waiters", 0) == 1
        }
        try await holder.execute("COMMIT")
        try await waiter.value
        try await collector.wait("the wait is over") { try await collector.tables("lock_waits").last?.rowCount == 0 }
    }

    /// What each family's answers took: never longer than the family, and not nothing where something was asked.
    private func checkCosts(_ outcomes: [[String: String]]) throws {
        for outcome in outcomes {
            let (family, duration) = (outcome["family"] ?? "", Int64(outcome["duration"] ?? "") ?? 0)
            let waited = try #require(outcome["server_time"].flatMap { Int64($0) }, "\(family)")
            let bytes = try #require(outcome["bytes"].flatMap { Int64($0) }, "\(family)")
            #expect(waited <= duration, "\(family)")
            switch family {
            // Without a waiter nothing is asked about locks.
            case "lock_waits": #expect((waited == 0) == (bytes == 0) || waited > 0)
            // A time, four counts, two settings, two doubles; from 14 on one more double when somebody waits.
            case "connections":
                let known: Int64 = 8 + 4 * 8 + 2 * 4 + 2 * 8
                #expect(waited > 0 && (bytes == known || bytes == known + 8), "\(bytes)")
            // 9.6 lists no processes of the server's own: with nobody else there the answer has no row.
            default: #expect(waited > 0 && (bytes > 0 || outcome["rows"] == "0"), "\(family)")
            }
        }
    }

    private func checkCycle(_ server: LiveServer, _ collector: LiveCollector, _ version: Int64) async throws {
        let table = try #require(try await collector.tables("cycle").last)
        #expect(table.integer("up", 0) == 1 && table.string("outcome", 0) == "ok")
        #expect(Int64(table.serverVersion) == version)
        let identifier = try await server.numbers("SELECT system_identifier FROM pg_control_system()")[0]
        #expect(table.string("system_identifier", 0) == String(identifier))
        #expect(table.integer("timeline", 0) == 1 && table.integer("in_recovery", 0) == 0)
        #expect(abs(table.integer("clock_offset", 0) ?? .max) < 5_000_000)
        // At most one connection is used, nothing spilled to disk, and nothing was read under a lock.
        let sessions = try await server.numbers(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pganalytics-collector'")
        #expect(sessions == [1])
        #expect(try await server.numbers("SELECT sum(temp_files)::bigint FROM pg_stat_database") == [0])
        let outcomes = try await collector.tables("cycle_family").flatMap { table in
            (0..<table.rowCount).map { table.row($0) }
        }
        #expect(outcomes.allSatisfy { $0["outcome"] == "ok" }, "\(outcomes.filter { $0["outcome"] != "ok" })")
        #expect(Set(outcomes.map { $0["family"] }).count == 6)
        try checkCosts(outcomes)
    }

    private func checkNames(_ collector: LiveCollector) async throws {
        // The first reading of texts came before the load: the next one comes a minute later, so these are of the server's start.
        try await collector.wait("texts") { try await collector.statements().count > 3 }
        for statement in try await collector.statements() {
            #expect(statement.name.utf8.count == 16 || statement.name.hasPrefix("h1:"))
            #expect(!statement.text.contains("canary"))
            #expect(SQL.redact(statement.text).utf8.count > 0)
        }
        let named = try await collector.tables("statements").flatMap { table in
            (0..<table.rowCount).compactMap { table.string("name", $0) }
        }
        let published = Set(try await collector.statements().map(\.name))
        #expect(!named.isEmpty && Set(named).isSubset(of: published))
    }
}
