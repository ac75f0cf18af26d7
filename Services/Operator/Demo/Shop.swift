import Crypto
import Postgres
import Runtime

/// The demo's monitored server: a private PostgreSQL with pgbench's tables, the planted faults' tables, a role for the
/// load and one for the collector.
struct Shop: Sendable {
    /// A statement of the load's role, as the server itself counts it.
    struct Statement: Sendable {
        let queryid: Int64
        let text: String
        let calls: Int64
        let rows: Int64
    }

    /// What the load's own programs counted.
    struct Counted: Sendable {
        let pgbenchTransactions: Int64
        let plantedRuns: Int64
    }

    let postgres: PrivatePostgres
    let version: String
    /// What the collector is told.
    let target: StackOptions.Server
    private let app: PostgresSettings
    private let workload: Workload

    /// Starts the server and fills it; its statement counters begin at zero when this returns.
    static func start(logger: Logger) async throws -> Shop {
        let postgres = try await PrivatePostgres.start(configuration: [
            "shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on", "shared_buffers": "64MB",
            "max_connections": "40",
        ])
        do {
            let monitor = Random.hex(16), app = Random.hex(16)
            var connection = try await PostgresConnection.open(
                postgres.settings(), timeout: .seconds(10), logger: logger)
            try await connection.execute(
                """
                CREATE EXTENSION pg_stat_statements;
                CREATE ROLE pganalytics LOGIN CONNECTION LIMIT 2 PASSWORD '\(monitor)';
                GRANT pg_monitor TO pganalytics;
                ALTER ROLE pganalytics SET pg_stat_statements.track = 'none';
                CREATE ROLE app LOGIN PASSWORD '\(app)';
                """, timeout: .seconds(10))
            try await connection.execute("CREATE DATABASE shop OWNER app", timeout: .seconds(30))
            let settings = postgres.settings(database: "shop", user: "app", password: app)
            let shop = Shop(
                postgres: postgres, version: connection.parameterStatus("server_version") ?? "?",
                target: StackOptions.Server(
                    id: Demo.server, host: "127.0.0.1", port: postgres.port, user: "pganalytics", password: monitor,
                    local: true),
                app: settings, workload: Workload(settings, logger: logger))
            _ = try await shop.pgbench(["-i", "-q", "-s", "2"])
            try await shop.workload.prepare()
            try await connection.execute("SELECT pg_stat_statements_reset()", timeout: .seconds(10))
            connection.close()
            return shop
        } catch {
            await postgres.stop()
            throw error
        }
    }

    /// Runs pgbench, the planted statement and the blocking chain until the timeline's end.
    func load(_ timeline: Timeline, from start: ContinuousClock.Instant) async throws -> Counted {
        async let output = pgbench(
            ["-n", "-c", "4", "-j", "1", "-R", "100", "-T", "\(timeline.end)"], within: timeline.patience)
        async let planted: Void = workload.runPlanted(timeline, from: start)
        async let chain: Void = workload.runBlockingChain(timeline, from: start)
        _ = try await (planted, chain)
        return Counted(
            pgbenchTransactions: try Self.processed(in: try await output), plantedRuns: Int64(workload.plantedCount))
    }

    /// What the server itself has counted for the load's role: each statement, most calls first.
    func serverStatements() async throws -> [Statement] {
        var connection = try await PostgresConnection.open(
            postgres.settings(), timeout: .seconds(10))
        let result = try await connection.query(
            """
            SELECT s.queryid, min(s.query), sum(s.calls)::bigint, sum(s.rows)::bigint
            FROM pg_stat_statements s JOIN pg_catalog.pg_roles r ON r.oid = s.userid
            WHERE r.rolname = 'app' GROUP BY s.queryid ORDER BY 3 DESC, 1
            """)
        var statements: [Statement] = []
        for row in 0..<result.rowCount {
            statements.append(
                Statement(
                    queryid: try result.int(row, 0) ?? 0, text: try result.text(row, 1) ?? "",
                    calls: try result.int(row, 2) ?? 0, rows: try result.int(row, 3) ?? 0))
        }
        connection.close()
        return statements
    }

    private func pgbench(_ arguments: [String], within limit: Duration = .seconds(300)) async throws -> String {
        var environment = ProcessEnvironment.all
        environment["PGPASSWORD"] = app.password
        let result = try await ChildProcess.run(
            executable: postgres.installation.binaries + "/pgbench",
            arguments: ["-h", app.host, "-p", "\(app.port)", "-U", app.user] + arguments + [app.database],
            environment: environment, timeout: limit)
        guard result.status.isSuccess else { throw StackError("pgbench failed: \(result.error)") }
        return result.output
    }

    /// The count in pgbench's own report: `number of transactions actually processed: 5988`.
    static func processed(in output: String) throws(StackError) -> Int64 {
        for line in output.split(separator: "\n") where line.hasPrefix("number of transactions actually processed:") {
            let digits = line.split(separator: ":")[1].drop { !$0.isNumber }.prefix { $0.isNumber }
            if let count = Int64(digits) { return count }
        }
        throw StackError("pgbench did not say how many transactions it processed: \(output)")
    }
}
