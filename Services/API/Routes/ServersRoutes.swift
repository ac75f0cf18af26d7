import HTTP
import Postgres

extension Route {
    static let servers = Route(
        method: "GET", pattern: "/api/v1/servers", access: .role(.viewer), operation: "listServers", tag: "fleet",
        summary: "The monitored servers: where they are, whether they answer, how fresh their data is.",
        parameters: [.limit(100, most: 500), .cursor],
        answer: .json(.page(.named("Server"))), handler: answerServers)

    static let server = Route(
        method: "GET", pattern: "/api/v1/servers/{id}", access: .role(.viewer), operation: "getServer", tag: "fleet",
        summary: "One server, and what came of each metric family in its last cycle.",
        parameters: [.path("id", "The server's id, as its collector names it.")],
        answer: .json(.named("ServerDetails")), problems: [404], handler: answerServer)
}

/// Servers with their last cycle. `$1`: after this id, or null; `$2`: this id alone, or null; `$3`: how many.
private let serversQuery = """
    SELECT i.instance, i.host, i.port, i.system_identifier, i.timeline, i.server_version, i.collector, i.first_seen,
           f.data_through, f.age_seconds, c.time, c.up, c.outcome, c.message, c.in_recovery, c.server_start, c.next_interval
    FROM (SELECT * FROM api.instances WHERE ($1::text IS NULL OR instance > $1) AND ($2::text IS NULL OR instance = $2)
          ORDER BY instance LIMIT $3) i
    LEFT JOIN api.freshness f ON f.instance = i.instance
    LEFT JOIN LATERAL (
        SELECT time, up, outcome, message, in_recovery, server_start, next_interval FROM api.cycle c
        WHERE c.instance = i.instance AND c.time > clock_timestamp() - interval '1 day' ORDER BY c.time DESC LIMIT 1) c ON true
    ORDER BY i.instance
    """

private func answerServers(_ call: Call) async throws -> HTTPResponse {
    let limit = call.parameters.integer("limit") ?? 100
    let after = try call.parameters.text("cursor").map { try Cursor($0, kind: "servers", count: 1).fields[0] }
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        let through = try await Freshness.newest(&connection, timeout: timeout)
        var page = Page(limit: limit, kind: "servers")
        try await connection.each(
            serversQuery, [.text(orNull: after), .null, .int(Int64(limit + 1))], timeout: timeout
        ) { result, row in
            try page.add(cursor: [result.text(row, 0) ?? ""]) { json in try writeServer(&json, result, row) }
        }
        return page.finish(dataThrough: through)
    }
    return call.json(json)
}

private func answerServer(_ call: Call) async throws -> HTTPResponse {
    let id = call.path("id")
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        var json = JSONWriter()
        json.beginObject()
        var found = false
        try await connection.each(serversQuery, [.null, .text(id), .int(1)], timeout: timeout) { result, row in
            try writeServer(&json, result, row)
            found = true
        }
        guard found else {
            throw Problem.notFound("There is no such server.", remedy: "GET /api/v1/servers lists them.")
        }
        json.key("families")
        json.beginArray()
        try await connection.each(
            """
            SELECT DISTINCT ON (family) family, time, outcome, message, "interval", rows, server_time FROM api.cycle_family
            WHERE instance = $1 AND time > clock_timestamp() - interval '1 day' ORDER BY family, time DESC
            """, [.text(id)], timeout: timeout
        ) { result, row in
            json.beginObject()
            json.member("family", try result.text(row, 0))
            json.member("time", time: try result.timestamp(row, 1))
            json.member("outcome", try result.text(row, 2))
            json.member("message", try result.text(row, 3))
            json.member("interval_us", try result.int(row, 4))
            json.member("rows", try result.int(row, 5))
            json.member("server_time_us", try result.int(row, 6))
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json
    }
    return call.json(json)
}

private func writeServer(_ json: inout JSONWriter, _ result: borrowing QueryResult, _ row: Int) throws {
    json.member("id", try result.text(row, 0))
    json.member("host", try result.text(row, 1))
    json.member("port", try result.int(row, 2))
    json.member("system_identifier", try result.text(row, 3))
    json.member("timeline", try result.int(row, 4))
    json.member("server_version", try result.text(row, 5))
    json.member("collector", try result.text(row, 6))
    json.member("first_seen", time: try result.timestamp(row, 7))
    json.member("data_through", time: try result.timestamp(row, 8))
    json.member("age_seconds", try result.double(row, 9))
    json.key("last_cycle")
    guard !result.isNull(row, 10) else { return json.value(json: nil) }
    json.beginObject()
    json.member("time", time: try result.timestamp(row, 10))
    json.member("up", try result.int(row, 11).map { $0 != 0 })
    json.member("outcome", try result.text(row, 12))
    json.member("message", try result.text(row, 13))
    json.member("in_recovery", try result.int(row, 14).map { $0 != 0 })
    json.member("server_start", time: try result.int(row, 15))
    json.member("next_interval_us", try result.int(row, 16))
    json.endObject()
}
