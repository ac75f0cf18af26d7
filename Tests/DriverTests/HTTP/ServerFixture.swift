import HTTP
import Runtime
import Testing

/// A quiet logger.
let quiet = Logger(service: "test", level: .error, sink: { _ in })

/// Small limits. The deadlines are generous, for the machine may be busy; a test of one sets it.
func testSettings() -> HTTPServerSettings {
    var settings = HTTPServerSettings(port: 0)
    settings.threads = 2
    settings.headDeadline = .seconds(20)
    settings.bodyDeadline = .seconds(20)
    settings.answerDeadline = .seconds(20)
    settings.headerBytes = 8192
    settings.bodyBytes = 100_000
    return settings
}

/// Starts a server, runs `body` with its port, and stops it.
func withServer<T>(
    _ settings: HTTPServerSettings = testSettings(), metrics: MetricRegistry = MetricRegistry(),
    handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse = echo, _ body: (Int) async throws -> T
) async throws -> T {
    let server = try HTTPServer(settings, logger: quiet, metrics: metrics, handler: handler)
    do {
        let result = try await body(server.port)
        await server.stop(within: .milliseconds(200))
        return result
    } catch {
        await server.stop(within: .milliseconds(200))
        throw error
    }
}

/// Says what arrived.
@Sendable func echo(_ request: HTTPRequest) async -> HTTPResponse {
    guard request.path != "/missing" else { return .text(404, "no such thing\n") }
    let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    return .text(
        200, "\(request.method) [\(request.segments.joined(separator: "|"))] {\(query)} \(request.body.count) bytes\n")
}

/// The value of a gauge in a registry's text.
func gauge(_ name: String, in metrics: MetricRegistry) -> Double? {
    metrics.render().split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
        Double($0.dropFirst(name.count + 1))
    }
}

/// The status of the first response in what came.
func status(_ text: String) -> Int? {
    guard text.hasPrefix("HTTP/1.") else { return nil }
    return Int(text.dropFirst(9).prefix(3))
}

/// Waits until something holds.
func eventually(within limit: Duration = .seconds(20), _ condition: () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}
