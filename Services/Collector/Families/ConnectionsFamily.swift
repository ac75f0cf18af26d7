import Codec
import Postgres

/// How full the server is, in one row.
///
/// A role without pg_read_all_stats sees that others' sessions are there, and not what they do: the numbers that come of
/// that are left null, for a zero would say that nobody waits.
enum ConnectionsFamily {
    /// The reading, and how many wait for a lock: whether it is worth asking whom they wait for.
    static func read(
        _ connection: inout PostgresConnection, _ context: ReadingContext
    ) async throws(PostgresError) -> (FamilyReading, waiters: Int64) {
        let version = context.facts.version
        let isLimited = context.facts.restriction != nil
        // The server's own processes have no database or no user; a few of its workers have both.
        let clients =
            isLimited
            ? "a.datid IS NOT NULL AND a.usesysid IS NOT NULL"
            : context.facts.activityColumns.contains("backend_type") ? "a.backend_type = 'client backend'" : "true"
        let reserved = version >= 160_000 ? " + current_setting('reserved_connections')::int" : ""
        // Since when somebody waits is known from 14 on; before, the statement that waits began earlier at most.
        let waiting = "a.wait_event_type = 'Lock'"
        let result = try await connection.query(
            """
            SELECT max(t.now), count(*) FILTER (WHERE \(clients)), current_setting('max_connections')::int,
                current_setting('superuser_reserved_connections')::int\(reserved),
                count(*) FILTER (WHERE \(clients) AND a.state = 'active'),
                count(*) FILTER (WHERE \(clients) AND a.state LIKE 'idle in transaction%'),
                count(*) FILTER (WHERE \(waiting)),
                coalesce(max(extract(epoch FROM t.now - coalesce(a.query_start, a.state_change))) FILTER (WHERE \(waiting)), 0)::float8,
                coalesce(max(extract(epoch FROM t.now - a.xact_start)) FILTER (WHERE \(clients) AND a.pid <> pg_backend_pid()), 0)::float8
            FROM pg_stat_activity a, (SELECT clock_timestamp() AS now) t
            """, timeout: context.timeout)
        let waiters = max(0, try result.int(0, 6) ?? 0)
        var longest = try result.double(0, 7) ?? 0
        if waiters > 0, !isLimited, context.facts.lockColumns.contains("waitstart") {
            let exact = try await connection.query(
                "SELECT max(extract(epoch FROM clock_timestamp() - l.waitstart))::float8 FROM pg_locks l WHERE NOT l.granted",
                timeout: context.timeout)
            longest = try exact.double(0, 0) ?? longest
        }
        var builder = context.builder(.connections)
        for (place, name) in ["total", "max_connections", "reserved", "active", "idle_in_transaction", "lock_waiters"]
            .enumerated()
        {
            let handle = builder.add(name, .gauge, .count, .integer)
            if !isLimited || place < 3 { builder.set(handle, try result.int(0, place + 1) ?? 0) }
        }
        for (name, seconds) in [("longest_lock_wait", longest), ("longest_transaction", try result.double(0, 8) ?? 0)] {
            let handle = builder.add(name, .gauge, .microseconds, .integer)
            if !isLimited { builder.set(handle, microseconds(seconds)) }
        }
        builder.endRow()
        let table = builder.finish(time: try result.timestamp(0, 0) ?? context.clock.wall(), interval: 0)
        return (FamilyReading(tables: [table], rows: table.rowCount), waiters)
    }
}
