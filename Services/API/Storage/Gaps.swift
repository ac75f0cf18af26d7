import Postgres

/// What is known to be missing of a server's data within a range.
enum Gaps {
    /// Writes an array of gaps, the newest first. One without a server may concern any server, one without a begin any
    /// time before; and what was lost was lost before it was noted.
    static func write(
        _ json: inout JSONWriter, instance: String, _ range: TimeRange, _ connection: inout PostgresConnection,
        timeout: Duration
    ) async throws {
        json.beginArray()
        try await connection.each(
            """
            SELECT kind, key, first_missing, last_missing, after_time, before_time FROM api.gaps
            WHERE (key = $1 OR key IS NULL) AND topic LIKE '%samples'
              AND coalesce(before_time, noted_at) > $2 AND (after_time IS NULL OR after_time <= $3)
            ORDER BY id DESC LIMIT 100
            """, [.text(instance), .timestamp(range.from), .timestamp(range.to)], timeout: timeout
        ) { result, row in
            json.beginObject()
            json.member("kind", try result.text(row, 0))
            json.member("server", try result.text(row, 1))
            json.member("first_missing", try result.int(row, 2))
            json.member("last_missing", try result.int(row, 3))
            json.member("after", time: try result.timestamp(row, 4))
            json.member("before", time: try result.timestamp(row, 5))
            json.endObject()
        }
        json.endArray()
    }
}
