public import Runtime

/// The small listener of a service: `/healthz` (the process answers), `/readyz` (it can do its work, or why not) and
/// `/metrics` (Prometheus text). Answers come from the connection's own thread, so they come when nothing else does.
public final class HealthListener: Sendable {
    private let server: HTTPServer

    /// The port it really listens on.
    public var port: Int { server.port }

    /// Listens on loopback unless told otherwise; `ready` returns nil when ready and else why not, and must not block.
    public init(
        address: String = "127.0.0.1", port: Int, metrics: MetricRegistry, logger: Logger,
        ready: @escaping @Sendable () -> String?
    ) throws(HTTPError) {
        var settings = HTTPServerSettings(address: address, port: port)
        settings.threads = 1
        settings.connections = 64
        settings.connectionsPerAddress = 32
        settings.headerBytes = 8192
        settings.bodyBytes = 1024
        server = try HTTPServer(
            settings, logger: logger, metrics: MetricRegistry(),
            answering: .immediate { answer($0, metrics: metrics, ready: ready) })
    }

    /// Stops listening.
    public func stop() { server.stopNow() }
}

private func answer(_ request: HTTPRequest, metrics: MetricRegistry, ready: @Sendable () -> String?) -> HTTPResponse {
    guard request.method == "GET" || request.method == "HEAD" else {
        var response = HTTPResponse.text(405, "only GET and HEAD\n")
        response.headers["Allow"] = "GET, HEAD"
        return response
    }
    switch request.path {
    case "/healthz": return .text(200, "ok\n")
    case "/readyz":
        guard let reason = ready() else { return .text(200, "ready\n") }
        return .text(503, reason + "\n")
    case "/metrics":
        return HTTPResponse(
            status: 200, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
            body: Array(metrics.render().utf8))
    default: return .text(404, "there are /healthz, /readyz and /metrics\n")
    }
}
