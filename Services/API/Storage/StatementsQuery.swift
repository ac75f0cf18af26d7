import Postgres

/// What was asked of the statements, and the SQL for it.
struct StatementsQuery: Sendable {
    let instance: String
    let range: TimeRange
    let order: String
    let by: String
    let limit: Int
    private let database: String?
    private let isOursIncluded: Bool

    init(_ call: Call) throws(Problem) {
        instance = call.path("id")
        range = try TimeRange(call.parameters, now: call.now)
        order = call.parameters.text("order") ?? "total_exec_time"
        by = call.parameters.text("by") ?? "queryid"
        limit = call.parameters.integer("limit") ?? 20
        database = call.parameters.text("database")
        isOursIncluded = call.parameters.boolean("ours") ?? false
    }

    /// The columns that make one statement, and null for those that do not.
    private var identity: (database: String, queryid: String, username: String, toplevel: String, group: String) {
        switch by {
        case "row": ("database", "queryid", "username", "toplevel", "database, queryid, username, toplevel")
        // Without a name yet, the queryid stands for it, so that nothing is thrown together.
        case "name":
            ("NULL::text", "min(queryid)", "NULL::text", "NULL::bigint", "coalesce(name, 'queryid ' || queryid)")
        default: ("database", "queryid", "NULL::text", "NULL::bigint", "database, queryid")
        }
    }

    private var ordering: String {
        switch order {
        case "calls": "calls"
        case "rows": "rows"
        case "mean": "total_exec_time::double precision / nullif(calls, 0)"
        default: "total_exec_time"
        }
    }

    private var sql: String {
        let identity = identity
        return """
            WITH inside AS (
                SELECT * FROM api.statements
                WHERE instance = $1 AND time > $2 AND time <= $3 AND ($4::text IS NULL OR database = $4)
                  AND ($5 OR ours IS DISTINCT FROM 1)
            ), sums AS (
                SELECT \(identity.database) AS database, \(identity.queryid) AS queryid, \(identity.username) AS username,
                       \(identity.toplevel) AS toplevel, max(name) AS name, max(ours) AS ours,
                       sum(calls)::bigint AS calls, sum(rows)::bigint AS rows, sum(total_exec_time)::bigint AS total_exec_time,
                       -- A row's deviation is of its own executions: the squares of all are calls × (deviation² + mean²).
                       sum(calls * (stddev_exec_time::double precision ^ 2
                           + (total_exec_time::double precision / nullif(calls, 0)) ^ 2)) AS squares,
                       min(min_exec_time) AS min_exec_time, max(max_exec_time) AS max_exec_time,
                       sum(plans)::bigint AS plans, sum(total_plan_time)::bigint AS total_plan_time,
                       sum(shared_blks_hit)::bigint AS shared_blks_hit, sum(shared_blks_read)::bigint AS shared_blks_read,
                       sum(shared_blks_dirtied)::bigint AS shared_blks_dirtied,
                       sum(shared_blks_written)::bigint AS shared_blks_written,
                       sum(temp_blks_read)::bigint AS temp_blks_read, sum(temp_blks_written)::bigint AS temp_blks_written,
                       sum(wal_records)::bigint AS wal_records, sum(wal_bytes)::bigint AS wal_bytes,
                       count(*) FILTER (WHERE quality <> 0) AS flagged
                FROM inside GROUP BY \(identity.group)
            ), ranked AS (
                SELECT sums.*, sum(total_exec_time) OVER () AS all_time, sum(calls) OVER () AS all_calls,
                       count(*) OVER () AS all_statements
                FROM sums
            )
            SELECT r.database, r.queryid, r.username, r.toplevel, r.name, r.ours, r.calls, r.rows, r.total_exec_time,
                   r.total_exec_time::double precision / nullif(r.calls, 0),
                   sqrt(greatest(r.squares / nullif(r.calls, 0)
                       - (r.total_exec_time::double precision / nullif(r.calls, 0)) ^ 2, 0)),
                   coalesce(r.total_exec_time::double precision / nullif(r.all_time, 0)::double precision, 0),
                   r.min_exec_time, r.max_exec_time, r.plans, r.total_plan_time, r.shared_blks_hit, r.shared_blks_read,
                   r.shared_blks_dirtied, r.shared_blks_written, r.temp_blks_read, r.temp_blks_written, r.wal_records,
                   r.wal_bytes, r.flagged, t.text, t.full_length,
                   r.all_time::bigint, r.all_calls::bigint, r.all_statements
            FROM (SELECT * FROM ranked ORDER BY \(ordering) DESC NULLS LAST, queryid, database LIMIT \(limit)) r
            LEFT JOIN api.statement_texts t ON t.name = r.name
            ORDER BY \(ordering.replacingNames("r.")) DESC NULLS LAST, r.queryid, r.database, r.username, r.toplevel
            """
    }

    private var parameters: [PostgresValue] {
        [
            .text(instance), .timestamp(range.from), .timestamp(range.to), .text(orNull: database),
            .bool(isOursIncluded),
        ]
    }

    /// Writes `coverage`, `total` and `data`.
    func writeStatements(
        _ json: inout JSONWriter, _ connection: inout PostgresConnection, _ timeout: Duration
    ) async throws {
        let coverage = try await connection.query(
            """
            SELECT min(time - interval_us * interval '1 microsecond'), max(time), count(DISTINCT time) FROM api.statements
            WHERE instance = $1 AND time > $2 AND time <= $3
            """, Array(parameters.prefix(3)), timeout: timeout)
        json.key("coverage")
        json.beginObject()
        json.member("from", time: try coverage.timestamp(0, 0))
        json.member("to", time: try coverage.timestamp(0, 1))
        json.member("readings", try coverage.int(0, 2))
        json.endObject()
        let result = try await connection.query(sql, parameters, timeout: timeout)
        let isEmpty = result.rowCount == 0
        json.key("total")
        json.beginObject()
        json.member("total_exec_time_ns", isEmpty ? nil : try result.int(0, 27))
        json.member("calls", isEmpty ? nil : try result.int(0, 28))
        json.member("statements", isEmpty ? 0 : try result.int(0, 29) ?? 0)
        json.endObject()
        json.key("data")
        json.beginArray()
        for row in 0..<result.rowCount { try Self.write(&json, result, row) }
        json.endArray()
    }

    private static func write(_ json: inout JSONWriter, _ result: borrowing QueryResult, _ row: Int) throws {
        json.beginObject()
        json.member("database", try result.text(row, 0))
        json.member("queryid", try result.int(row, 1))
        json.member("username", try result.text(row, 2))
        json.member("toplevel", try result.int(row, 3).map { $0 != 0 })
        json.member("name", try result.text(row, 4))
        json.member("ours", try result.int(row, 5) == 1)
        json.member("calls", try result.int(row, 6))
        json.member("rows", try result.int(row, 7))
        json.member("total_exec_time_ns", try result.int(row, 8))
        json.member("mean_exec_time_ns", try result.double(row, 9))
        json.member("stddev_exec_time_ns", try result.double(row, 10))
        json.member("share", try result.double(row, 11))
        let counts = [
            "min_exec_time_ns", "max_exec_time_ns", "plans", "total_plan_time_ns", "shared_blks_hit",
            "shared_blks_read",
            "shared_blks_dirtied", "shared_blks_written", "temp_blks_read", "temp_blks_written", "wal_records",
            "wal_bytes",
            "flagged_readings",
        ]
        for (index, name) in counts.enumerated() { json.member(name, try result.int(row, 12 + index)) }
        json.member("text", try result.text(row, 25))
        json.member("text_bytes", try result.int(row, 26))
        json.endObject()
    }
}

extension String {
    /// The column names of an ordering with an alias before each.
    fileprivate func replacingNames(_ alias: String) -> String {
        var text = self
        for name in ["total_exec_time", "calls", "rows"] where text.contains(name) {
            text = text.replacing(name, with: alias + name)
        }
        return text
    }
}
