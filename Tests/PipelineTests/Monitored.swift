import Postgres
import Runtime
import Support

@testable import Operator

/// A monitored server: PostgreSQL with `pg_stat_statements`, pgbench's tables, a role for the load and the collector's.
final class Monitored: Sendable {
    let postgres: PrivatePostgres
    let target: StackOptions.Server
    let app: PostgresSettings

    private init(postgres: PrivatePostgres, target: StackOptions.Server, app: PostgresSettings) {
        self.postgres = postgres
        self.target = target
        self.app = app
    }

    static func start(id: String = "one") async throws -> Monitored {
        let postgres = try await TestServer.start(configuration: [
            "shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on", "max_connections": "30",
        ])
        do {
            var connection = try await PostgresConnection.open(postgres.settings(), timeout: .seconds(10))
            try await connection.execute(
                """
                CREATE EXTENSION pg_stat_statements;
                CREATE ROLE pganalytics LOGIN CONNECTION LIMIT 2 PASSWORD 'watching';
                GRANT pg_monitor TO pganalytics;
                ALTER ROLE pganalytics SET pg_stat_statements.track = 'none';
                CREATE ROLE app LOGIN PASSWORD 'app';
                """, timeout: .seconds(10))
            try await connection.execute("CREATE DATABASE load OWNER app", timeout: .seconds(30))
            connection.close()
            let monitored = Monitored(
                postgres: postgres,
                target: StackOptions.Server(
                    id: id, host: "127.0.0.1", port: postgres.port, user: "pganalytics", password: "watching",
                    local: true),
                app: postgres.settings(database: "load", user: "app", password: "app"))
            _ = try await monitored.pgbench(["-i", "-q", "-s", "1"])
            // What was counted before anybody read it is not asked for.
            try await monitored.execute("SELECT pg_stat_statements_reset()", database: "postgres")
            return monitored
        } catch {
            await postgres.stop()
            throw error
        }
    }

    func stop() async { await postgres.stop() }

    /// Runs pgbench against the load's database and returns its report.
    func pgbench(_ arguments: [String]) async throws -> String {
        var environment = ProcessEnvironment.all
        environment["PGPASSWORD"] = app.password
        let result = try await ChildProcess.run(
            executable: postgres.installation.binaries + "/pgbench",
            arguments: ["-h", "127.0.0.1", "-p", "\(app.port)", "-U", app.user] + arguments + [app.database],
            environment: environment)
        guard result.status.isSuccess else { throw StackError("pgbench failed: \(result.error)") }
        return result.output
    }

    /// Runs a script as the superuser.
    func execute(_ sql: String, database: String = "load") async throws {
        var connection = try await PostgresConnection.open(postgres.settings(database: database), timeout: .seconds(10))
        try await connection.execute(sql, timeout: .seconds(60))
    }

    /// Calls and rows of each statement of the load's role by queryid, as the server itself counts them.
    func counters() async throws -> [Int64: Counts] {
        var connection = try await PostgresConnection.open(postgres.settings(), timeout: .seconds(10))
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
}

/// What a statement did.
struct Counts: Equatable, Sendable {
    var calls: Int64
    var rows: Int64

    static func + (left: Counts, right: Counts) -> Counts {
        Counts(calls: left.calls + right.calls, rows: left.rows + right.rows)
    }

    static func - (left: Counts, right: Counts) -> Counts {
        Counts(calls: left.calls - right.calls, rows: left.rows - right.rows)
    }
}
