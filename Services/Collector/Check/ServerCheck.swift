import Postgres
import Runtime

/// Looks at one server with the collector's own eyes.
enum ServerCheck {
    static func run(_ server: ServerSettings) async -> CheckReport {
        var report = CheckReport(
            title: "server \(server.id) (\(server.host):\(server.port), database \(server.database))")
        do throws(PostgresError) {
            var facts = ServerFacts()
            var attempts = ConnectAttempts(limit: BackendBudget.limit)
            var connection = try await ServerSession.open(
                server, facts: &facts, timeout: .seconds(10), attempts: &attempts,
                logger: Logger(service: "collector", level: .error))
            report.add(.ok, "PostgreSQL \(facts.versionText) answers \(server.user)")
            checkVersion(facts, &report)
            try await checkRole(facts, &connection, &report)
            try await checkStatements(server, facts, &connection, &report)
            try await checkSettings(facts, &connection, &report)
        } catch {
            report.add(.error, error.message, sql: error.code == .authentication ? createRole(server) : [])
        }
        return report
    }

    /// What makes the role that the collector wants.
    static func createRole(_ server: ServerSettings) -> [String] {
        let role = quoted(server.user)
        return [
            "CREATE ROLE \(role) LOGIN CONNECTION LIMIT 2 PASSWORD '…';", "GRANT pg_monitor TO \(role);",
            "ALTER ROLE \(role) SET pg_stat_statements.track = 'none';",
        ]
    }

    static func quoted(_ name: String) -> String {
        let plain = name.utf8.allSatisfy { ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 95 }
        if plain, let first = name.utf8.first, first > 57 { return name }
        return "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    private static func checkVersion(_ facts: ServerFacts, _ report: inout CheckReport) {
        if facts.version < 90_600 {
            report.add(.error, "PostgreSQL before 9.6 is not read: it has no wait events and no pg_blocking_pids")
        } else if facts.version < 140_000 {
            report.add(
                .note,
                "before 14 the server does not say when its statement counters were reset, nor when it dropped some: a reset whose counters have overtaken the old ones is taken for growth"
            )
        }
    }

    private static func checkRole(
        _ facts: ServerFacts, _ connection: inout PostgresConnection, _ report: inout CheckReport
    ) async throws(PostgresError) {
        let role = quoted(facts.roleName)
        let answer = try await connection.query(
            """
            SELECT r.rolsuper, r.rolconnlimit,
                coalesce((SELECT 'pg_stat_statements.track=none' = ANY (s.setconfig) FROM pg_db_role_setting s
                    WHERE s.setrole = r.oid AND s.setdatabase = 0), false)
            FROM pg_roles r WHERE r.rolname = current_user
            """)
        let isSuper = try answer.bool(0, 0) ?? false
        if let restriction = facts.restriction {
            report.add(
                .warning,
                "\(restriction): statements of others have no text and no queryid, sessions of others no state: who waits for a lock, and how many connections are active, is not known",
                sql: facts.version >= 100_000 ? ["GRANT pg_monitor TO \(role);"] : [])
        } else if isSuper, facts.version >= 100_000 {
            report.add(
                .warning, "role \(facts.roleName) is a superuser: pg_monitor is enough, and can break nothing",
                sql: ["ALTER ROLE \(role) NOSUPERUSER;", "GRANT pg_monitor TO \(role);"])
        } else {
            report.add(.ok, "role \(facts.roleName) sees every statement and session")
        }
        let limit = try answer.int(0, 1) ?? -1
        if limit == -1 || limit > 2 {
            report.add(
                .warning,
                "role \(facts.roleName) may open \(limit == -1 ? "any number of" : String(limit)) connections: the collector never has more than 2, the server should know it too",
                sql: ["ALTER ROLE \(role) CONNECTION LIMIT 2;"])
        }
        if !(try answer.bool(0, 2) ?? false), facts.statements != nil {
            report.add(
                .note,
                "pg_stat_statements counts the collector's own statements: they are marked as ours; as a superuser",
                sql: ["ALTER ROLE \(role) SET pg_stat_statements.track = 'none';"])
        }
    }

    private static func checkStatements(
        _ server: ServerSettings, _ facts: ServerFacts, _ connection: inout PostgresConnection,
        _ report: inout CheckReport
    ) async throws(PostgresError) {
        guard let view = facts.statements else {
            return report.add(
                .error,
                "no pg_stat_statements in database \(server.database): nothing is known of statements; everything else is read",
                sql: [
                    "-- postgresql.conf: shared_preload_libraries = 'pg_stat_statements', then restart the server",
                    "CREATE EXTENSION pg_stat_statements;  -- in database \(server.database)",
                ])
        }
        do throws(PostgresError) {
            let answer = try await connection.query(
                "SELECT count(*), count(s.queryid) FROM \(view.quotedSchema).pg_stat_statements(false) s")
            let count = try answer.int(0, 0) ?? 0
            report.add(
                count > server.maximalStatements ? .error : .ok,
                "pg_stat_statements \(view.extensionVersion) in schema \(view.schema) has \(count) entries"
                    + (count > server.maximalStatements
                        ? ", more than max_statements = \(server.maximalStatements)" : ""))
        } catch  where error.sqlState == "55000" {
            report.add(
                .error, "pg_stat_statements is not loaded: nothing is known of statements",
                sql: ["-- postgresql.conf: shared_preload_libraries = 'pg_stat_statements', then restart the server"])
        } catch  where error.sqlState == "42501" {
            report.add(
                .error, "role \(facts.roleName) may not call pg_stat_statements: nothing is known of statements",
                sql: [
                    "GRANT USAGE ON SCHEMA \(view.quotedSchema) TO \(quoted(facts.roleName));",
                    "GRANT EXECUTE ON FUNCTION \(view.quotedSchema).pg_stat_statements(boolean) TO \(quoted(facts.roleName));",
                ])
        }
        if !facts.mayStatFile, facts.version >= 110_000 {
            report.add(
                .note,
                "role \(facts.roleName) may not ask how large the file of statement texts is: the first reading of texts after a start is bounded by statement_timeout, not by text_bytes; the grant shows the role sizes and times of files in the data directory, no contents",
                sql: ["GRANT EXECUTE ON FUNCTION pg_stat_file(text) TO \(quoted(facts.roleName));"])
        }
        let versions = try await connection.query(
            "SELECT e.default_version::text FROM pg_available_extensions e WHERE e.name = 'pg_stat_statements'")
        if versions.rowCount == 1, let newest = try versions.text(0, 0), newest != view.extensionVersion {
            report.add(
                .warning,
                "pg_stat_statements is version \(view.extensionVersion), the server has \(newest): newer counters are missing"
                    + (facts.version >= 140_000 && !view.hasInfo
                        ? ", calls inside functions are counted with the others, and no reset or eviction is told"
                        : ""),
                sql: ["ALTER EXTENSION pg_stat_statements UPDATE;"])
        }
    }

    private static func checkSettings(
        _ facts: ServerFacts, _ connection: inout PostgresConnection, _ report: inout CheckReport
    ) async throws(PostgresError) {
        let answer = try await connection.query(
            "SELECT name, setting FROM pg_settings WHERE name IN ('track_io_timing', 'track_activities', 'track_counts', 'compute_query_id')"
        )
        var settings: [String: String] = [:]
        for row in 0..<answer.rowCount { settings[try answer.text(row, 0) ?? ""] = try answer.text(row, 1) ?? "" }
        let missing: [(String, String, CheckReport.Level)] = [
            ("track_io_timing", "how long statements wait for reads and writes is not known", .warning),
            ("track_activities", "what sessions do is not known", .warning),
            ("track_counts", "pg_stat_database counts nothing", .warning),
            ("compute_query_id", "pg_stat_statements counts nothing", .error),
        ]
        for (name, cost, level) in missing where settings[name] == "off" {
            let wanted = name == "compute_query_id" ? "auto" : "on"
            report.add(
                level, "\(name) is off: \(cost)",
                sql: ["ALTER SYSTEM SET \(name) = \(wanted);", "SELECT pg_reload_conf();"])
        }
    }
}
