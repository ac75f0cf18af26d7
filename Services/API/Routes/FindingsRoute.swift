import HTTP
import Postgres

extension Route {
    static let findings = Route(
        method: "GET", pattern: "/api/v1/findings", access: .role(.viewer), operation: "listFindings", tag: "findings",
        summary: "What the analyzer found, the newest change first, with its evidence.",
        parameters: [
            Parameter(name: "server", kind: .text(longest: 200), description: "Only of this server."),
            Parameter(
                name: "state", kind: .choice(["open", "resolved", "all"]), fallback: "all",
                description: "Only those that still hold, or those that no longer do."),
            Parameter(name: "from", kind: .time, description: "Only what changed after this time."),
            Parameter(name: "to", kind: .time, description: "Only what changed until this time."),
            .limit(100, most: 1000), .cursor,
        ],
        answer: .json(.page(.named("Finding"))), handler: answerFindings)
}

private func answerFindings(_ call: Call) async throws -> HTTPResponse {
    let parameters = call.parameters
    let limit = parameters.integer("limit") ?? 100
    let after = try TimeCursor(parameters.text("cursor"), kind: "findings")
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        let through = try await Freshness.newest(&connection, timeout: timeout)
        var page = Page(limit: limit, kind: "findings")
        try await connection.each(
            """
            SELECT identity, kind, instance, subject, state, opened_at, time, window_start, window_end, value, baseline,
                   threshold, unit, samples, summary, evidence
            FROM api.findings
            WHERE ($1::text IS NULL OR instance = $1) AND ($2::text = 'all' OR (state = 'resolved') = ($2 = 'resolved'))
              AND ($3::timestamptz IS NULL OR time > $3) AND ($4::timestamptz IS NULL OR time <= $4)
              AND ($5::timestamptz IS NULL OR (time, identity) < ($5, $6))
            ORDER BY time DESC, identity DESC LIMIT $7
            """,
            [
                .text(orNull: parameters.text("server")), .text(parameters.text("state") ?? "all"),
                .timestamp(orNull: parameters.time("from")), .timestamp(orNull: parameters.time("to")),
                .timestamp(orNull: after?.time), .text(after?.id ?? ""), .int(Int64(limit + 1)),
            ], timeout: timeout
        ) { result, row in
            let cursor = TimeCursor(time: try result.timestamp(row, 6) ?? 0, id: try result.text(row, 0) ?? "")
            try page.add(cursor: cursor.fields) { json in
                json.member("identity", try result.text(row, 0))
                json.member("kind", try result.text(row, 1))
                json.member("server", try result.text(row, 2))
                json.member("subject", try result.text(row, 3))
                json.member("state", try result.text(row, 4))
                json.member("opened_at", time: try result.timestamp(row, 5))
                json.member("time", time: try result.timestamp(row, 6))
                json.member("window_start", time: try result.timestamp(row, 7))
                json.member("window_end", time: try result.timestamp(row, 8))
                json.member("value", try result.double(row, 9))
                json.member("baseline", try result.double(row, 10))
                json.member("threshold", try result.double(row, 11))
                json.member("unit", try result.text(row, 12))
                json.member("samples", try result.int(row, 13))
                json.member("summary", try result.text(row, 14))
                json.member("evidence", json: try result.text(row, 15))
            }
        }
        return page.finish(dataThrough: through)
    }
    return call.json(json)
}
