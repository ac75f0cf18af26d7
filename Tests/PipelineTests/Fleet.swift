import Postgres
import Runtime
import Support

@testable import Operator

/// A server of one major, with a role for the load and one for the collector.
struct FleetServer: Sendable {
    let engine: PostgresEngines.Server
    let owner: PostgresSettings

    var id: String { "pg-\(engine.major)" }
    /// 9.6 has no role that sees everything short of a superuser.
    var hasMonitorRole: Bool { engine.major != "9.6" }

    /// What the collector is told: one entry, and on 9.6 another as an ordinary role.
    var targets: [StackOptions.Server] {
        var targets = [target(id, "pganalytics")]
        if !hasMonitorRole { targets.append(target(plainID, "plain")) }
        return targets
    }

    var plainID: String { "\(id)-plain" }

    private func target(_ id: String, _ user: String) -> StackOptions.Server {
        StackOptions.Server(id: id, host: owner.host, port: owner.port, user: user, password: nil)
    }

    /// Starts every major that can be had, fills it, and lends them all.
    static func with(_ body: ([FleetServer]) async throws -> Void) async throws {
        var fleet: [FleetServer] = []
        do {
            for major in await PostgresEngines.majors() {
                // Nothing but the load may count: autovacuum reads tables too.
                let engine = try await PostgresEngines.start(
                    major, ["autovacuum": "off", "shared_buffers": "16MB", "max_connections": "23"])
                fleet.append(FleetServer(engine: engine, owner: try PostgresSettings(url: engine.url)))
            }
            try await forEach(fleet) { try await $0.prepare() }
            try await body(fleet)
        } catch {
            for server in fleet { await PostgresEngines.remove(server.engine) }
            throw error
        }
        for server in fleet { await PostgresEngines.remove(server.engine) }
    }

    /// Does something to every server, to all of them at the same time: mostly it is waiting.
    static func forEach(_ fleet: [FleetServer], _ body: @escaping @Sendable (FleetServer) async throws -> Void)
        async throws
    {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in fleet { group.addTask { try await body(server) } }
            try await group.waitForAll()
        }
    }

    private func prepare() async throws {
        var connection = try await PostgresConnection.open(owner, timeout: .seconds(10))
        try await connection.execute(
            """
            CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
            CREATE ROLE pganalytics LOGIN CONNECTION LIMIT 2 \(hasMonitorRole ? "" : "SUPERUSER");
            ALTER ROLE pganalytics SET pg_stat_statements.track = 'none';
            CREATE ROLE plain LOGIN CONNECTION LIMIT 2;
            CREATE ROLE app LOGIN;
            """, timeout: .seconds(20))
        if hasMonitorRole { try await connection.execute("GRANT pg_monitor TO pganalytics", timeout: .seconds(10)) }
        try await connection.execute("CREATE DATABASE load OWNER app", timeout: .seconds(30))
        try await pgbench(["-i", "-q", "-s", "1"])
        try await connection.execute("SELECT pg_stat_statements_reset()", timeout: .seconds(10))
        connection.close()
    }

    /// Runs Debian's pgbench as the load's role.
    func pgbench(_ arguments: [String]) async throws {
        guard let home = PostgresInstallation.all().first else { throw StackError("no pgbench") }
        let result = try await ChildProcess.run(
            executable: home.binaries + "/pgbench",
            arguments: ["-h", owner.host, "-p", "\(owner.port)", "-U", "app"] + arguments + ["load"])
        guard result.status.isSuccess else { throw StackError("pgbench on \(id): \(result.error)") }
    }

    /// Calls and rows of each statement of the load's role by queryid, as the server itself counts them.
    func counters() async throws -> [Int64: Counts] {
        var connection = try await PostgresConnection.open(owner, timeout: .seconds(10))
        let result = try await connection.query(
            """
            SELECT s.queryid, sum(s.calls)::bigint, sum(s.rows)::bigint
            FROM pg_stat_statements s JOIN pg_catalog.pg_roles r ON r.oid = s.userid
            WHERE r.rolname = 'app' GROUP BY s.queryid
            """)
        var counts: [Int64: Counts] = [:]
        for row in 0..<result.rowCount {
            counts[try result.int(row, 0) ?? 0] = Counts(
                calls: try result.int(row, 1) ?? 0, rows: try result.int(row, 2) ?? 0)
        }
        return counts
    }

    /// What of pg_stat_database is compared: what was counted in the load's database.
    static let databaseColumns = [
        "xact_commit", "blks_hit", "tup_returned", "tup_fetched", "tup_inserted", "tup_updated",
    ]

    /// The server's own counters of the load's database, once they have come to rest: sessions report when they end.
    func database() async throws -> [Int64] {
        var connection = try await PostgresConnection.open(owner, timeout: .seconds(10))
        var last: [Int64] = []
        for _ in 0..<10 {
            let list = Self.databaseColumns.joined(separator: ", ")
            let result = try await connection.query("SELECT \(list) FROM pg_stat_database WHERE datname = 'load'")
            var counters: [Int64] = []
            for column in Self.databaseColumns.indices { counters.append(try result.int(0, column) ?? -1) }
            if counters == last { return counters }
            last = counters
            try await Task.sleep(for: .milliseconds(700))
        }
        throw StackError("\(id): pg_stat_database does not come to rest")
    }
}
