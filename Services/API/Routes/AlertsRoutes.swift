import HTTP
import Postgres

extension Route {
    static let alerts = Route(
        method: "GET", pattern: "/api/v1/alerts", access: .role(.viewer), operation: "listAlerts", tag: "alerts",
        summary: "The alerts as they are now, the newest change first; by default those that fire or are about to.",
        parameters: [
            Parameter(name: "server", kind: .text(longest: 200), description: "Only of this server."),
            Parameter(name: "rule", kind: .text(longest: 200), description: "Only of this rule."),
            Parameter(
                name: "state", kind: .choice(["active", "firing", "pending", "resolved", "all"]), fallback: "active",
                description: "Only alerts in this state; active means firing or pending."),
            .limit(100, most: 1000), .cursor,
        ],
        answer: .json(.page(.named("Alert"))), handler: answerAlerts)

    static let alertHistory = Route(
        method: "GET", pattern: "/api/v1/alerts/history", access: .role(.viewer), operation: "listAlertEvents",
        tag: "alerts", summary: "Every change of an alert and every delivery, the newest first.",
        parameters: [
            Parameter(name: "server", kind: .text(longest: 200), description: "Only of this server."),
            Parameter(name: "rule", kind: .text(longest: 200), description: "Only of this rule."),
            Parameter(name: "fingerprint", kind: .text(longest: 200), description: "Only of this alert."),
            Parameter(name: "from", kind: .time, description: "Only after this time."),
            Parameter(name: "to", kind: .time, description: "Only until this time."),
            .limit(100, most: 1000), .cursor,
        ],
        answer: .json(.page(.named("AlertEvent"))), handler: answerAlertHistory)
}

private func answerAlerts(_ call: Call) async throws -> HTTPResponse {
    let parameters = call.parameters
    let limit = parameters.integer("limit") ?? 100
    let after = try TimeCursor(parameters.text("cursor"), kind: "alerts")
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        let through = try await Freshness.newest(&connection, timeout: timeout)
        var page = Page(limit: limit, kind: "alerts")
        try await connection.each(
            """
            SELECT fingerprint, rule, instance, state, time, starts_at, ends_at, value, labels, annotations FROM api.alerts
            WHERE ($1::text IS NULL OR instance = $1) AND ($2::text IS NULL OR rule = $2)
              AND ($3::text = 'all' OR state = $3 OR ($3 = 'active' AND state IN ('firing', 'pending')))
              AND ($4::timestamptz IS NULL OR (time, fingerprint) < ($4, $5))
            ORDER BY time DESC, fingerprint DESC LIMIT $6
            """,
            [
                .text(orNull: parameters.text("server")), .text(orNull: parameters.text("rule")),
                .text(parameters.text("state") ?? "active"), .timestamp(orNull: after?.time), .text(after?.id ?? ""),
                .int(Int64(limit + 1)),
            ], timeout: timeout
        ) { result, row in
            let cursor = TimeCursor(time: try result.timestamp(row, 4) ?? 0, id: try result.text(row, 0) ?? "")
            try page.add(cursor: cursor.fields) { json in
                try writeAlert(&json, result, row, from: 0)
                json.member("value", try result.double(row, 7))
                json.member("labels", json: try result.text(row, 8))
                json.member("annotations", json: try result.text(row, 9))
            }
        }
        return page.finish(dataThrough: through)
    }
    return call.json(json)
}

private func answerAlertHistory(_ call: Call) async throws -> HTTPResponse {
    let parameters = call.parameters
    let limit = parameters.integer("limit") ?? 100
    let after = try TimeCursor(parameters.text("cursor"), kind: "alert-events")
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        let through = try await Freshness.newest(&connection, timeout: timeout)
        var page = Page(limit: limit, kind: "alert-events")
        try await connection.each(
            """
            SELECT fingerprint, rule, instance, state, time, starts_at, ends_at, value, labels, annotations, identity, kind,
                   receiver, delivery_status, attempt, http_status, detail
            FROM api.alert_events
            WHERE ($1::text IS NULL OR instance = $1) AND ($2::text IS NULL OR rule = $2)
              AND ($3::text IS NULL OR fingerprint = $3) AND ($4::timestamptz IS NULL OR time > $4)
              AND ($5::timestamptz IS NULL OR time <= $5) AND ($6::timestamptz IS NULL OR (time, identity) < ($6, $7))
            ORDER BY time DESC, identity DESC LIMIT $8
            """,
            [
                .text(orNull: parameters.text("server")), .text(orNull: parameters.text("rule")),
                .text(orNull: parameters.text("fingerprint")), .timestamp(orNull: parameters.time("from")),
                .timestamp(orNull: parameters.time("to")), .timestamp(orNull: after?.time), .text(after?.id ?? ""),
                .int(Int64(limit + 1)),
            ], timeout: timeout
        ) { result, row in
            let cursor = TimeCursor(time: try result.timestamp(row, 4) ?? 0, id: try result.text(row, 10) ?? "")
            try page.add(cursor: cursor.fields) { json in
                json.member("identity", try result.text(row, 10))
                json.member("kind", try result.text(row, 11))
                try writeAlert(&json, result, row, from: 0)
                json.member("value", try result.double(row, 7))
                json.member("labels", json: try result.text(row, 8))
                json.member("annotations", json: try result.text(row, 9))
                json.member("receiver", try result.text(row, 12))
                json.member("delivery_status", try result.text(row, 13))
                json.member("attempt", try result.int(row, 14))
                json.member("http_status", try result.int(row, 15))
                json.member("detail", try result.text(row, 16))
            }
        }
        return page.finish(dataThrough: through)
    }
    return call.json(json)
}

private func writeAlert(_ json: inout JSONWriter, _ result: borrowing QueryResult, _ row: Int, from column: Int) throws
{
    json.member("fingerprint", try result.text(row, column))
    json.member("rule", try result.text(row, column + 1))
    json.member("server", try result.text(row, column + 2))
    json.member("state", try result.text(row, column + 3))
    json.member("time", time: try result.timestamp(row, column + 4))
    json.member("starts_at", time: try result.timestamp(row, column + 5))
    json.member("ends_at", time: try result.timestamp(row, column + 6))
}
