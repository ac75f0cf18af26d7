import HTTP
import Postgres

extension Route {
    static let status = Route(
        method: "GET", pattern: "/api/v1/status", access: .role(.viewer), operation: "status", tag: "status",
        summary: "Versions, how fresh the data is, what was ingested, and what was lost.",
        answer: .json(.named("Status")), handler: answerStatus)
}

private func answerStatus(_ call: Call) async throws -> HTTPResponse {
    let timeout = call.context.storage.timeout
    let json = try await call.context.storage.use { connection in
        var json = JSONWriter()
        json.beginObject()
        json.member("version", API.version)
        json.member("time", time: call.now)
        json.member("data_through", time: try await Freshness.newest(&connection, timeout: timeout))
        try await writeDatabase(&json, &connection, timeout)
        try await writeCounts(&json, &connection, timeout)
        try await writeStalest(&json, &connection, timeout)
        try await writeIngest(&json, &connection, timeout)
        json.endObject()
        return json
    }
    return call.json(json)
}

private func writeDatabase(
    _ json: inout JSONWriter, _ connection: inout PostgresConnection, _ timeout: Duration
) async throws {
    let result = try await connection.query(
        """
        SELECT current_setting('server_version'), pg_database_size(current_database()),
               EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
        """, timeout: timeout)
    json.key("database")
    json.beginObject()
    json.member("version", try result.text(0, 0))
    json.member("bytes", try result.int(0, 1))
    json.member("timescaledb", try result.bool(0, 2))
    json.endObject()
}

private func writeCounts(
    _ json: inout JSONWriter, _ connection: inout PostgresConnection, _ timeout: Duration
) async throws {
    let result = try await connection.query(
        """
        SELECT (SELECT count(*) FROM api.instances), (SELECT count(*) FROM api.collectors),
               (SELECT count(*) FROM api.statement_texts), (SELECT count(*) FROM api.findings WHERE state <> 'resolved'),
               (SELECT count(*) FROM api.alerts WHERE state = 'firing'),
               (SELECT count(*) FROM api.alerts WHERE state = 'pending'),
               (SELECT count(*) FROM api.gaps), (SELECT count(*) FROM api.dead_letters)
        """, timeout: timeout)
    json.key("counts")
    json.beginObject()
    let names = [
        "servers", "collectors", "statements", "open_findings", "firing_alerts", "pending_alerts", "gaps",
        "dead_letters",
    ]
    for (column, name) in names.enumerated() { json.member(name, try result.int(0, column)) }
    json.endObject()
}

/// The servers whose data is oldest: on a fleet of thousands the fresh ones say nothing.
private func writeStalest(
    _ json: inout JSONWriter, _ connection: inout PostgresConnection, _ timeout: Duration
) async throws {
    json.key("stalest")
    json.beginArray()
    try await connection.each(
        "SELECT instance, data_through, age_seconds FROM api.freshness ORDER BY data_through, instance LIMIT 50",
        timeout: timeout
    ) { result, row in
        json.beginObject()
        json.member("server", try result.text(row, 0))
        json.member("data_through", time: try result.timestamp(row, 1))
        json.member("age_seconds", try result.double(row, 2))
        json.endObject()
    }
    json.endArray()
}

private func writeIngest(
    _ json: inout JSONWriter, _ connection: inout PostgresConnection, _ timeout: Duration
) async throws {
    json.key("ingest")
    json.beginArray()
    try await connection.each(
        "SELECT topic, partition, next_offset, updated_at FROM api.ingest ORDER BY topic, partition, cluster_id LIMIT 1000",
        timeout: timeout
    ) { result, row in
        json.beginObject()
        json.member("topic", try result.text(row, 0))
        json.member("partition", try result.int(row, 1))
        json.member("next_offset", try result.int(row, 2))
        json.member("updated_at", time: try result.timestamp(row, 3))
        json.endObject()
    }
    json.endArray()
}
