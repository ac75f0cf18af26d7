import Codec
import HTTP
import Postgres

extension Route {
    static let metrics = Route(
        method: "GET", pattern: "/api/v1/servers/{id}/metrics", access: .role(.viewer), operation: "getMetrics",
        tag: "metrics", summary: "One metric of a server over a range of time, as series.",
        description: """
            The range is (from, to]: a counter's delta that ends at `to` is inside. With `step` the range is cut into steps \
            from `from` on and each time is the end of its step: counters are summed, gauges aggregated as asked. Without it \
            each time is one reading. A value is null where nothing arrived (a gap), where the first reading has no \
            delta yet, or where a gauge's thing was not there; a counter that did not move in a step that did arrive is 0. \
            Integers are 64 bits wide and written with all digits; a reader that knows only doubles rounds beyond 2^53.
            """,
        parameters: [
            .path("id", "The server's id."),
            Parameter(
                name: "family", kind: .choice(Catalogue.families.map(\.name)), isRequired: true,
                description: "The metric family; GET /api/v1/families describes them."),
            Parameter(
                name: "metric", kind: .text(longest: 63), isRequired: true, description: "A value column of the family."
            ),
            .from, .to,
            Parameter(
                name: "step", kind: .duration,
                description: "Length of a step, such as 60s, 5m or 1h; without it every reading is a point."),
            Parameter(
                name: "aggregate", kind: .choice(["avg", "last", "max", "min"]), fallback: "last",
                description: "What becomes of a gauge's readings within a step; counters are always summed."),
            Parameter(
                name: "label", kind: .pairs,
                description: "Only series with this label, as name=value; may come several times, all must hold."),
            Parameter(
                name: "limit", kind: .integer(1...200), fallback: "20",
                description: "How many series at most: those with the largest sum (counters) or value (gauges)."),
        ],
        answer: .json(.named("Metrics")), problems: [404], handler: answerMetrics)
}

private func answerMetrics(_ call: Call) async throws -> HTTPResponse {
    let query = try MetricsQuery(call)
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        try await Freshness.require(instance: query.instance, &connection, timeout: timeout)
        var answer = MetricsAnswer(query)
        answer.json.member(
            "data_through", time: try await Freshness.of(instance: query.instance, &connection, timeout: timeout))
        try await answer.loadTimes(&connection, timeout)
        try await answer.loadArrivals(&connection, timeout)
        try await answer.writeSeries(&connection, timeout)
        answer.json.key("gaps")
        try await Gaps.write(&answer.json, instance: query.instance, query.range, &connection, timeout: timeout)
        answer.json.endObject()
        return answer.json
    }
    return call.json(json)
}
