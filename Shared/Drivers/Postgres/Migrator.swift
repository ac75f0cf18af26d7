/// Takes a schema's steps, each in one transaction, under an advisory lock so that two programs do not collide.
///
/// What was taken is written down in `<schema>.schema_migrations`, with a digest of the SQL: a step that was changed
/// after it had been taken is an error, for steps are only ever added.
public struct Migrator: Sendable {
    private let schema: String
    private let migrations: [Migration]

    /// - Parameters:
    ///   - schema: the schema that holds `schema_migrations`; made when missing, dropped with the last step.
    ///   - migrations: all steps; their versions are 1, 2, 3, …
    public init(schema: String, migrations: [Migration]) {
        self.schema = schema
        self.migrations = migrations.sorted { $0.version < $1.version }
        for (index, migration) in self.migrations.enumerated() {
            precondition(migration.version == index + 1, "the versions of migrations are 1, 2, 3, …")
        }
    }

    /// The last version known here.
    public var latest: Int { migrations.last?.version ?? 0 }

    /// Takes the steps up to `target` (nil: all) that were not taken yet.
    ///
    /// - Returns: the steps taken now.
    @discardableResult
    public func up(
        _ connection: inout PostgresConnection, to target: Int? = nil, timeout: Duration = .seconds(300)
    ) async throws(PostgresError) -> [Migration] {
        try await locked(&connection, timeout: timeout) { connection throws(PostgresError) in
            try await prepare(&connection)
            let status = try await self.status(&connection)
            if let changed = status.steps.first(where: \.isChanged) {
                throw PostgresError(
                    .migration,
                    "\(connection.place): migration \(changed.version) \"\(changed.name)\" of schema \(schema) differs from "
                        + "what was run there: steps are never changed, only added")
            }
            try refuseNewer(status, connection.place)
            let steps = migrations.filter { $0.version > status.current && $0.version <= target ?? .max }
            for step in steps {
                try await run(
                    &connection, step, step.up, timeout: timeout,
                    note: """
                        INSERT INTO \(quoted(schema)).schema_migrations (version, name, digest)
                        VALUES (\(step.version), \(literal(step.name)), md5(\(literal(step.up))))
                        """)
            }
            return steps
        }
    }

    /// Takes back the steps after `target`; 0 takes everything back, `schema_migrations` included.
    ///
    /// - Returns: the steps taken back.
    @discardableResult
    public func down(
        _ connection: inout PostgresConnection, to target: Int, timeout: Duration = .seconds(300)
    ) async throws(PostgresError) -> [Migration] {
        try await locked(&connection, timeout: timeout) { connection throws(PostgresError) in
            let status = try await self.status(&connection)
            try refuseNewer(status, connection.place)
            let steps = migrations.filter { $0.version > target && $0.version <= status.current }.reversed()
            for step in steps {
                try await run(
                    &connection, step, step.down, timeout: timeout,
                    note: "DELETE FROM \(quoted(schema)).schema_migrations WHERE version = \(step.version)")
            }
            if target == 0 {
                try await connection.execute(
                    """
                    DROP TABLE IF EXISTS \(quoted(schema)).schema_migrations;
                    DROP SCHEMA IF EXISTS \(quoted(schema));
                    """)
            }
            return Array(steps)
        }
    }

    /// What was taken and what was not. Changes nothing, needs no lock.
    public func status(_ connection: inout PostgresConnection) async throws(PostgresError) -> MigrationStatus {
        var taken: [Int: (name: String, at: Int64?, digest: String)] = [:]
        let known = try await connection.query(
            "SELECT to_regclass($1) IS NOT NULL", [.text("\(quoted(schema)).schema_migrations")])
        if try known.bool(0, 0) == true {
            let rows = try await connection.query(
                "SELECT version, name, applied_at, digest FROM \(quoted(schema)).schema_migrations ORDER BY version")
            for row in 0..<rows.rowCount {
                guard let version = try rows.int(row, 0) else { continue }
                taken[Int(version)] = (
                    try rows.text(row, 1) ?? "", try rows.timestamp(row, 2), try rows.text(row, 3) ?? ""
                )
            }
        }
        var steps: [MigrationStatus.Step] = []
        let digests = try await connection.query(
            "SELECT md5(step) FROM unnest($1::text[]) WITH ORDINALITY AS s (step, number) ORDER BY number",
            [.textArray(migrations.map(\.up))])
        for (index, migration) in migrations.enumerated() {
            let found = taken[migration.version]
            let digest = try digests.text(index, 0)
            steps.append(
                .init(
                    version: migration.version, name: migration.name, appliedAt: found?.at,
                    isChanged: found.map { $0.digest != digest } ?? false))
        }
        for (version, step) in taken.sorted(by: { $0.key < $1.key }) where version > latest {
            steps.append(.init(version: version, name: step.name, appliedAt: step.at, isChanged: false))
        }
        return MigrationStatus(steps: steps, current: taken.keys.max() ?? 0, latest: latest)
    }

    private func refuseNewer(_ status: MigrationStatus, _ place: String) throws(PostgresError) {
        guard status.isTooNew else { return }
        throw PostgresError(
            .migration,
            "\(place): schema \(schema) is at version \(status.current), this program knows \(status.latest): "
                + "use the newer program")
    }

    private func prepare(_ connection: inout PostgresConnection) async throws(PostgresError) {
        try await connection.execute(
            """
            CREATE SCHEMA IF NOT EXISTS \(quoted(schema));
            CREATE TABLE IF NOT EXISTS \(quoted(schema)).schema_migrations (
                version integer PRIMARY KEY,
                name text NOT NULL,
                digest text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
            );
            """)
    }

    private func run(
        _ connection: inout PostgresConnection, _ step: Migration, _ sql: String, timeout: Duration, note: String
    ) async throws(PostgresError) {
        do throws(PostgresError) {
            try await connection.execute("BEGIN;\n\(sql)\n;\(note);\nCOMMIT;", timeout: timeout)
        } catch {
            await connection.rollBack(timeout: .seconds(10))
            let place = "migration \(step.version) \"\(step.name)\" of schema \(schema)"
            throw error.with(message: "\(place): \(error.message)")
        }
    }

    /// A session lock named after the schema; taken by trying, so that a deadline of ours holds.
    private func locked<T>(
        _ connection: inout PostgresConnection, timeout: Duration,
        _ body: (inout PostgresConnection) async throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let key = "hashtextextended(\(literal("migrations of " + schema)), 0)"
        let deadline = ContinuousClock.now + timeout
        while true {
            let answer = try await connection.query("SELECT pg_try_advisory_lock(\(key))")
            if try answer.bool(0, 0) == true { break }
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                throw PostgresError(
                    .migration,
                    "\(connection.place): another program is migrating schema \(schema): wait for it to end")
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
        do throws(PostgresError) {
            let value = try await body(&connection)
            try await connection.execute("SELECT pg_advisory_unlock(\(key))")
            return value
        } catch {
            // A connection that broke has lost its locks anyway.
            try? await connection.execute("SELECT pg_advisory_unlock(\(key))")
            throw error
        }
    }

    private func quoted(_ name: String) -> String { PostgresConnection.quoted(identifier: name) }
    private func literal(_ text: String) -> String { PostgresConnection.quoted(literal: text) }
}
