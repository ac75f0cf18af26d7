import Runtime

/// The server's own numbers; handles are made once.
struct ServerMetrics: Sendable {
    private let byClass: [Counter]
    private let seconds: Histogram
    let inFlight: Gauge
    let connections: Gauge
    let overdue: Counter

    init(_ registry: MetricRegistry) {
        byClass = (1...5).map {
            registry.counter(
                "http_server_responses_total", help: "Responses by class of status.", labels: ["class": "\($0)xx"])
        }
        seconds = registry.histogram(
            "http_server_request_seconds", help: "From the request line to the queued response.",
            buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])
        inFlight = registry.gauge("http_server_requests_in_flight", help: "Requests that wait for their answer.")
        connections = registry.gauge("http_server_connections", help: "Open connections.")
        overdue = registry.counter(
            "http_server_deadlines_total", help: "Requests that were ended because a deadline had passed.")
    }

    func responded(_ status: Int, after duration: Duration) {
        if (100..<600).contains(status) { byClass[status / 100 - 1].add() }
        let (whole, atto) = duration.components
        seconds.observe(Double(whole) + Double(atto) / 1e18)
    }
}

extension LogKey {
    static let httpAddress: LogKey = "http.address"
    static let httpPort: LogKey = "http.port"
    static let httpDetail: LogKey = "http.detail"
    static let httpStatus: LogKey = "http.status"
    static let httpInFlight: LogKey = "http.in_flight"
}
