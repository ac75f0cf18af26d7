import Codec
import Postgres

/// What the backends are doing, counted by what they have in common.
enum ActivityFamily {
    static func read(
        _ connection: inout PostgresConnection, _ context: ReadingContext
    ) async throws(PostgresError) -> FamilyReading {
        let has = context.facts.activityColumns
        let backendType = has.contains("backend_type") ? "a.backend_type" : "NULL::text"
        let result = try await connection.query(
            """
            SELECT max(t.now), a.datname::text, a.usename::text, a.state, a.wait_event_type, a.wait_event, \(backendType),
                count(*),
                max(CASE WHEN a.state = 'active' THEN extract(epoch FROM t.now - a.query_start) END)::float8,
                max(extract(epoch FROM t.now - a.xact_start))::float8,
                max(extract(epoch FROM t.now - a.state_change))::float8
            FROM pg_stat_activity a, (SELECT clock_timestamp() AS now) t WHERE a.pid <> pg_backend_pid()
            GROUP BY 2, 3, 4, 5, 6, 7
            """, timeout: context.timeout)
        var builder = context.builder(.activity)
        let labels = ["database", "username", "state", "wait_event_type", "wait_event", "backend_type"].map {
            builder.add($0, .label, .none, .text)
        }
        let count = builder.add("count", .gauge, .count, .integer)
        let longest = ["longest_query", "longest_transaction", "longest_state"].map {
            builder.add($0, .gauge, .microseconds, .integer)
        }
        var time = context.clock.wall()
        for row in 0..<result.rowCount {
            if let now = try result.timestamp(row, 0) { time = now }
            for (place, label) in labels.enumerated() {
                if let text = try result.text(row, place + 1) { builder.set(label, text) }
            }
            builder.set(count, try result.int(row, 7) ?? 0)
            for (place, handle) in longest.enumerated() {
                // A transaction that began after the clock was asked is not older than nothing.
                if let seconds = try result.double(row, place + 8) { builder.set(handle, microseconds(seconds)) }
            }
            builder.endRow()
        }
        let table = builder.finish(time: time, interval: 0)
        return FamilyReading(tables: [table], rows: table.rowCount)
    }
}
