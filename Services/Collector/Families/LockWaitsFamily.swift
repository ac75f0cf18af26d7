import Codec
import Postgres

/// Who waits for a lock and who holds it: a row for each pair.
enum LockWaitsFamily {
    /// Whom the others wait for is not asked: pg_blocking_pids stops the lock manager of the whole server for a moment.
    static let maximalWaiters = 50
    static let maximalRows = 500

    /// Nobody waits: the table is sent all the same, for in a gauge family absent means gone.
    static func empty(_ context: ReadingContext, time: Int64) -> FamilyReading {
        var builder = context.builder(.lockWaits)
        return FamilyReading(tables: [builder.finish(time: time, interval: 0)])
    }

    static func read(
        _ connection: inout PostgresConnection, _ context: ReadingContext, names: StatementNames, waiters: Int64
    ) async throws(PostgresError) -> FamilyReading {
        let hasStart = context.facts.lockColumns.contains("waitstart")
        let hasQueryID = context.facts.activityColumns.contains("query_id")
        let start = hasStart ? "coalesce(l.waitstart, w.query_start)" : "w.query_start"
        // The names of relations come from the catalogue of this database and take no lock on the relation; those of other
        // databases stay numbers.
        let result = try await connection.query(
            """
            WITH w AS (
                SELECT a.pid, a.datname, a.usename, a.query_start, \(hasQueryID ? "a.query_id" : "NULL::bigint AS query_id"),
                    pg_blocking_pids(a.pid) AS blockers
                FROM (\(inner(hasQueryID)) WHERE wait_event_type = 'Lock' ORDER BY query_start LIMIT \(maximalWaiters)) a)
            SELECT clock_timestamp(), w.pid, p.pid, w.datname::text, w.usename::text, l.locktype, l.mode,
                CASE WHEN l.relation IS NOT NULL THEN coalesce(n.nspname || '.' || c.relname, l.relation::text) END,
                CASE WHEN p.pid = 0 THEN 'prepared transaction' ELSE b.state END, b.usename::text,
                w.query_id, \(hasQueryID ? "b.query_id" : "NULL::bigint"),
                extract(epoch FROM clock_timestamp() - \(start))::float8,
                extract(epoch FROM clock_timestamp() - b.xact_start)::float8
            FROM w CROSS JOIN LATERAL (SELECT DISTINCT unnest(w.blockers) AS pid) p
                LEFT JOIN pg_stat_activity b ON b.pid = p.pid
                LEFT JOIN pg_locks l ON l.pid = w.pid AND NOT l.granted
                LEFT JOIN pg_class c ON c.oid = l.relation AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
            LIMIT \(maximalRows)
            """, timeout: context.timeout)
        var builder = context.builder(.lockWaits)
        let texts: [(TableBuilder.Handle, Int)] = [
            ("database", 3), ("username", 4), ("lock_type", 5), ("mode", 6), ("relation", 7), ("blocker_state", 8),
            ("blocker_username", 9),
        ].map { (builder.add($0, .label, .none, .text), $1) }
        let numbers: [(TableBuilder.Handle, Int)] = [
            ("pid", 1), ("blocker_pid", 2), ("queryid", 10), ("blocker_queryid", 11),
        ].map { (builder.add($0, .label, .none, .integer), $1) }
        let named: [(TableBuilder.Handle, Int)] = [("name", 10), ("blocker_name", 11)].map {
            (builder.add($0, .label, .none, .text), $1)
        }
        let durations: [(TableBuilder.Handle, Int)] = [("waiting", 12), ("blocker_transaction", 13)].map {
            (builder.add($0, .gauge, .microseconds, .integer), $1)
        }
        var time = context.clock.wall()
        for row in 0..<result.rowCount {
            time = try result.timestamp(row, 0) ?? time
            for (handle, column) in texts { if let text = try result.text(row, column) { builder.set(handle, text) } }
            for (handle, column) in numbers {
                if let number = try result.int(row, column) { builder.set(handle, number) }
            }
            for (handle, column) in named {
                if let queryid = try result.int(row, column), let name = names.name(queryid) {
                    builder.set(handle, name)
                }
            }
            for (handle, column) in durations {
                if let seconds = try result.double(row, column) { builder.set(handle, microseconds(seconds)) }
            }
            builder.endRow()
        }
        let table = builder.finish(time: time, interval: 0)
        return FamilyReading(
            tables: [table], rows: table.rowCount, leftOut: max(0, Int(waiters) - maximalWaiters))
    }

    /// The waiters' columns by name: a column that a new major adds is not read.
    private static func inner(_ hasQueryID: Bool) -> String {
        "SELECT pid, datname, usename, query_start\(hasQueryID ? ", query_id" : "") FROM pg_stat_activity"
    }
}
