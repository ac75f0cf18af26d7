import Postgres

/// What a session learned of its server when it connected, so that a new major's columns are read and a missing one's are
/// not asked for.
struct ServerFacts: Sendable {
    /// A column of a view: its name, and its type's name in pg_type.
    struct Attribute: Equatable, Sendable {
        var name: String
        var type: String
    }

    /// Where pg_stat_statements is.
    struct StatementsView: Equatable, Sendable {
        var schema: String
        var extensionVersion: String
        var columns: [Attribute]
        /// Whether pg_stat_statements_info is there (14 and later).
        var hasInfo: Bool

        /// The schema, quoted.
        var quotedSchema: String {
            "\"" + schema.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }
    }

    /// As a number: 170011.
    var version = 0
    /// As the server says it: "17.11 (Debian …)".
    var versionText = ""
    /// 0 when the role may not ask.
    var systemIdentifier: Int64 = 0
    var role: Int64 = 0
    var roleName = ""
    /// Whether the role sees other roles' statements and activity.
    var seesAll = false
    var mayReadControl = false
    var mayStatFile = false
    var statements: StatementsView?
    var databaseColumns: [Attribute] = []
    var activityColumns: Set<String> = []
    var lockColumns: Set<String> = []

    /// What is missing for the role to see everything; `nil` when nothing is.
    var restriction: String? {
        if seesAll { return nil }
        return version >= 100_000
            ? "role \(roleName) sees only its own statements and sessions: GRANT pg_monitor TO \(roleName)"
            : "role \(roleName) sees only its own statements and sessions: 9.6 has no pg_monitor, and shows the rest to superusers only"
    }
}

extension ServerFacts {
    /// Asks the server.
    init(
        asking connection: inout PostgresConnection, timeout: Duration
    ) async throws(PostgresError) {
        version = connection.serverVersion
        versionText = connection.parameterStatus("server_version") ?? ""
        try await readRole(&connection, timeout)
        try await readStatementsView(&connection, timeout)
        databaseColumns = try await Self.attributes("pg_catalog", "pg_stat_database", &connection, timeout)
        activityColumns = Set(
            try await Self.attributes("pg_catalog", "pg_stat_activity", &connection, timeout).map(\.name))
        lockColumns = Set(try await Self.attributes("pg_catalog", "pg_locks", &connection, timeout).map(\.name))
        guard mayReadControl else { return }
        let control = try await connection.query("SELECT system_identifier FROM pg_control_system()", timeout: timeout)
        systemIdentifier = try control.int(0, 0) ?? 0
    }

    private mutating func readRole(_ connection: inout PostgresConnection, _ timeout: Duration)
        async throws(PostgresError)
    {
        let seesAll = version >= 100_000 ? "pg_has_role('pg_read_all_stats', 'USAGE')" : "false"
        // Before 11 the grant is there and the function refuses all the same.
        let statFile = version >= 110_000 ? "has_function_privilege('pg_stat_file(text)', 'EXECUTE')" : "r.rolsuper"
        let role = try await connection.query(
            """
            SELECT r.oid, r.rolname::text, r.rolsuper OR \(seesAll),
                has_function_privilege('pg_control_system()', 'EXECUTE') AND has_function_privilege('pg_control_checkpoint()', 'EXECUTE'),
                \(statFile)
            FROM pg_roles r WHERE r.rolname = current_user
            """, timeout: timeout)
        guard role.rowCount == 1 else { return }
        self.role = try role.int(0, 0) ?? 0
        roleName = try role.text(0, 1) ?? ""
        self.seesAll = try role.bool(0, 2) ?? false
        mayReadControl = try role.bool(0, 3) ?? false
        mayStatFile = try role.bool(0, 4) ?? false
    }

    private mutating func readStatementsView(
        _ connection: inout PostgresConnection, _ timeout: Duration
    ) async throws(PostgresError) {
        let found = try await connection.query(
            """
            SELECT n.nspname::text, e.extversion::text,
                EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'pg_stat_statements_info')
            FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
            """, timeout: timeout)
        guard found.rowCount == 1, let schema = try found.text(0, 0) else {
            statements = nil
            return
        }
        let columns = try await Self.attributes(schema, "pg_stat_statements", &connection, timeout)
        statements = StatementsView(
            schema: schema, extensionVersion: try found.text(0, 1) ?? "", columns: columns,
            hasInfo: try found.bool(0, 2) ?? false)
    }

    /// A view's columns from the catalogue, which takes no lock on the view.
    private static func attributes(
        _ schema: String, _ view: String, _ connection: inout PostgresConnection, _ timeout: Duration
    ) async throws(PostgresError) -> [Attribute] {
        let result = try await connection.query(
            """
            SELECT a.attname::text, t.typname::text FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relname = $2) AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
            """, [.text(schema), .text(view)], timeout: timeout)
        var attributes: [Attribute] = []
        for row in 0..<result.rowCount {
            attributes.append(Attribute(name: try result.text(row, 0) ?? "", type: try result.text(row, 1) ?? ""))
        }
        return attributes
    }
}
