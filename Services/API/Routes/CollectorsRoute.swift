import HTTP
import Postgres

extension Route {
    static let collectors = Route(
        method: "GET", pattern: "/api/v1/collectors", access: .role(.viewer), operation: "listCollectors", tag: "fleet",
        summary: "The collectors: version, cost, spool, and the servers each reads.",
        parameters: [.limit(100, most: 1000), .cursor],
        answer: .json(.page(.named("Collector"))), handler: answerCollectors)
}

private func answerCollectors(_ call: Call) async throws -> HTTPResponse {
    let limit = call.parameters.integer("limit") ?? 100
    let after = try call.parameters.text("cursor").map { try Cursor($0, kind: "collectors", count: 1).fields[0] }
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        let through = try await Freshness.newest(&connection, timeout: timeout)
        var page = Page(limit: limit, kind: "collectors")
        try await connection.each(
            """
            SELECT collector, version, hostname, pid, started_at, time, interval_us, cpu_us, rss_bytes, spool_bytes,
                   spool_oldest_us, spool_dropped, sent, instances
            FROM api.collectors WHERE $1::text IS NULL OR collector > $1 ORDER BY collector LIMIT $2
            """, [.text(orNull: after), .int(Int64(limit + 1))], timeout: timeout
        ) { result, row in
            try page.add(cursor: [result.text(row, 0) ?? ""]) { json in
                json.member("id", try result.text(row, 0))
                json.member("version", try result.text(row, 1))
                json.member("hostname", try result.text(row, 2))
                json.member("pid", try result.int(row, 3))
                json.member("started_at", time: try result.timestamp(row, 4))
                json.member("seen_at", time: try result.timestamp(row, 5))
                json.member("interval_us", try result.int(row, 6))
                json.member("cpu_us", try result.int(row, 7))
                json.member("rss_bytes", try result.int(row, 8))
                json.member("spool_bytes", try result.int(row, 9))
                json.member("spool_oldest_us", try result.int(row, 10))
                json.member("spool_dropped", try result.int(row, 11))
                json.member("sent", try result.int(row, 12))
                json.member("servers", json: try result.text(row, 13))
            }
        }
        return page.finish(dataThrough: through)
    }
    return call.json(json)
}
