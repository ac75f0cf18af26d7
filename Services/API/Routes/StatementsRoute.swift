import HTTP
import Postgres

extension Route {
    static let statements = Route(
        method: "GET", pattern: "/api/v1/servers/{id}/statements", access: .role(.viewer), operation: "getStatements",
        tag: "metrics", summary: "The top statements of a server within a range of time.",
        description: """
            Sums of what pg_stat_statements counted in (from, to], exact to the last call. `coverage` says which time the \
            readings inside the range really cover: the first may begin before `from`. A mean is total divided by calls; the share is \
            of the time of all statements in the range.
            """,
        parameters: [
            .path("id", "The server's id."), .from, .to,
            Parameter(
                name: "order", kind: .choice(["total_exec_time", "calls", "mean", "rows"]), fallback: "total_exec_time",
                description: "By what they are ordered, the largest first."),
            Parameter(
                name: "by", kind: .choice(["queryid", "row", "name"]), fallback: "queryid",
                description: """
                    What counts as one statement: a queryid in a database, a row of pg_stat_statements (also by user and \
                    whether it was sent by a client), or a fingerprint whatever the database.
                    """),
            Parameter(name: "database", kind: .text(longest: 63), description: "Only statements of this database."),
            Parameter(
                name: "ours", kind: .boolean, fallback: "false",
                description: "Whether the collector's own statements are listed and counted too."),
            .limit(20, most: 1000),
        ],
        answer: .json(.named("Statements")), problems: [404], handler: answerStatements)
}

private func answerStatements(_ call: Call) async throws -> HTTPResponse {
    let query = try StatementsQuery(call)
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        try await Freshness.require(instance: query.instance, &connection, timeout: timeout)
        var json = JSONWriter(reserving: 64 * 1024)
        json.beginObject()
        json.member("server", query.instance)
        json.member("from", time: query.range.from)
        json.member("to", time: query.range.to)
        json.member("order", query.order)
        json.member("by", query.by)
        json.member(
            "data_through", time: try await Freshness.of(instance: query.instance, &connection, timeout: timeout))
        try await query.writeStatements(&json, &connection, timeout)
        json.key("gaps")
        try await Gaps.write(&json, instance: query.instance, query.range, &connection, timeout: timeout)
        json.endObject()
        return json
    }
    return call.json(json)
}
