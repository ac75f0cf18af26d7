import Postgres

/// Names of databases and roles by their oid, asked for once a minute and when a new one appears.
struct ObjectNames: Sendable {
    private var databases: [Int64: String] = [:]
    private var roles: [Int64: String] = [:]
    private var missing: Set<Int64> = []
    private var readAt: Int64?

    /// The name, or the oid of one that is gone.
    func database(_ oid: Int64) -> String { databases[oid] ?? (oid == 0 ? "" : "oid:\(oid)") }
    func role(_ oid: Int64) -> String { roles[oid] ?? "oid:\(oid)" }

    /// Asks again when the answer holds an oid that is not known, or a minute has passed (somebody may have renamed one).
    mutating func refresh(
        _ connection: inout PostgresConnection, _ context: ReadingContext, databases result: borrowing QueryResult,
        _ databaseColumn: Int, _ roleColumn: Int
    ) async throws(PostgresError) {
        let now = context.clock.monotonic()
        var unknown: Set<Int64> = []
        for row in 0..<result.rowCount {
            let database = try result.int(row, databaseColumn) ?? 0
            let role = try result.int(row, roleColumn) ?? 0
            if databases[database] == nil, !missing.contains(database) { unknown.insert(database) }
            if roles[role] == nil, !missing.contains(role) { unknown.insert(role) }
        }
        if let readAt, now - readAt < 60_000_000, unknown.isEmpty { return }
        let answer = try await connection.query(
            "SELECT 0, oid, datname::text FROM pg_database UNION ALL SELECT 1, oid, rolname::text FROM pg_roles",
            timeout: context.timeout)
        databases = [:]
        roles = [:]
        for row in 0..<answer.rowCount {
            guard let oid = try answer.int(row, 1), let name = try answer.text(row, 2) else { continue }
            if try answer.int(row, 0) == 0 { databases[oid] = name } else { roles[oid] = name }
        }
        // Entries of what was dropped stay unknown: they are not worth a question in every cycle.
        missing = unknown.filter { databases[$0] == nil && roles[$0] == nil }
        readAt = now
    }
}
