import HTTP
import Runtime

/// Asks health listeners on loopback.
enum HealthProbe {
    private static let client = HTTPClient(logger: Logger(service: "operator", level: .error))

    /// Whether `/readyz` on `port` answers 200.
    static func isReady(port: Int) async -> Bool {
        let request = HTTPClientRequest(method: "GET", url: "http://127.0.0.1:\(port)/readyz", timeout: .seconds(2))
        return (try? await client.send(request))?.status == 200
    }

    /// The Prometheus text of `/metrics` on `port`; nil when nobody answers.
    static func metrics(port: Int) async -> String? {
        let request = HTTPClientRequest(method: "GET", url: "http://127.0.0.1:\(port)/metrics", timeout: .seconds(2))
        return (try? await client.send(request))?.text
    }
}
