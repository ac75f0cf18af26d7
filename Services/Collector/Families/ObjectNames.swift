import Postgres

/// Names of databases and roles by their oid, asked for at most every few seconds.
struct ObjectNames: Sendable {
    private var databases: [Int64: String] = [:]
    private var roles: [Int64: String] = [:]
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
        if let readAt, now - readAt < 60_000_000 {
            var unknown = false
            for row in 0..<result.rowCount where !unknown {
                let database = try result.int(row, databaseColumn) ?? 0
                let role = try result.int(row, roleColumn) ?? 0
                unknown = databases[database] == nil || roles[role] == nil
            }
            // Entries of a database that was dropped stay unknown: not every cycle is worth the question.
            guard unknown, now - readAt > 9_000_000 else { return }
        }
        let answer = try await connection.query(
            "SELECT 0, oid, datname::text FROM pg_database UNION ALL SELECT 1, oid, rolname::text FROM pg_roles",
            timeout: context.timeout)
        databases = [:]
        roles = [:]
        for row in 0..<answer.rowCount {
            guard let oid = try answer.int(row, 1), let name = try answer.text(row, 2) else { continue }
            if try answer.int(row, 0) == 0 { databases[oid] = name } else { roles[oid] = name }
        }
        readAt = now
    }
}
