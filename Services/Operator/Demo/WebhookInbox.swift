import Foundation
import HTTP
import Runtime
import Synchronization

/// A webhook receiver on loopback: what an on-call tool would be. It keeps every page in memory.
final class WebhookInbox: Sendable {
    /// One alert of a delivered notification: the fields of Alertmanager's webhook body that the report shows.
    struct Page: Sendable, Equatable {
        /// `webhook-id`: the same for every try of one notification.
        let id: String
        let status: String
        let alert: String
        let instance: String
        /// The statement that it is about, as the server calls it; empty for other alerts.
        let queryid: String
        let summary: String
    }

    private struct Body: Decodable {
        struct Alert: Decodable {
            let status: String
            let labels: [String: String]
            let annotations: [String: String]
        }
        let alerts: [Alert]
    }

    private final class Kept: Sendable {
        let received = Mutex<[Page]>([])
    }

    private let kept: Kept
    private let server: HTTPServer

    /// Listens on a free port of loopback.
    ///
    /// - Throws: `HTTPError` when no port can be had.
    init(logger: Logger, metrics: MetricRegistry) throws {
        let kept = Kept()
        self.kept = kept
        server = try HTTPServer(HTTPServerSettings(address: "127.0.0.1", port: 0), logger: logger, metrics: metrics) {
            request in
            guard request.method == "POST",
                let body = try? JSONDecoder().decode(Body.self, from: Data(request.body))
            else { return HTTPResponse(status: 400) }
            let id = request.headers["webhook-id"] ?? ""
            let pages = body.alerts.map { alert in
                Page(
                    id: id, status: alert.status, alert: alert.labels["alertname"] ?? "",
                    instance: alert.labels["instance"] ?? "", queryid: alert.labels["queryid"] ?? "",
                    summary: alert.annotations["summary"] ?? "")
            }
            kept.received.withLock { $0 += pages }
            return HTTPResponse(status: 200)
        }
    }

    /// Where the alerter delivers.
    var url: String { "http://127.0.0.1:\(server.port)/page" }

    /// All that has come so far, oldest first, also what came again: delivery is at least once.
    var received: [Page] { kept.received.withLock { $0 } }

    /// What has come so far, oldest first, each notification once, as a receiver takes it.
    var pages: [Page] {
        received.reduce(into: []) { pages, page in if !pages.contains(page) { pages.append(page) } }
    }

    func stop() async { await server.stop(within: .seconds(2)) }
}
