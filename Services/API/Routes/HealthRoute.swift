import HTTP
import Postgres

extension Route {
    static let health = Route(
        method: "GET", pattern: "/api/v1/health", access: .open, operation: "health", tag: "status",
        summary: "Whether the API can answer: 200, or 503 while its database is away.",
        answer: .json(.named("Health")), handler: answerHealth)
}

private func answerHealth(_ call: Call) async throws -> HTTPResponse {
    var state = "ok"
    do {
        try await call.context.storage.use { connection in
            _ = try await connection.query("SELECT 1", timeout: .seconds(3))
        }
    } catch {
        state = "away"
    }
    var json = JSONWriter()
    json.beginObject()
    json.member("status", state == "ok" ? "ok" : "unavailable")
    json.member("database", state)
    json.member("version", API.version)
    json.member("time", time: call.now)
    json.endObject()
    var response = call.json(json, status: state == "ok" ? 200 : 503)
    if state != "ok" { response.headers["Retry-After"] = "5" }
    return response
}
