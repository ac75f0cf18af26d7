import HTTP

/// Sends one message to its receiver and says what came of it.
protocol Messenger: Sendable {
    func send(_ delivery: Delivery, at now: Moment) async -> DeliveryOutcome
}

/// A webhook over HTTP.
struct WebhookClient: Messenger {
    let settings: WebhookSettings
    let client: HTTPClient

    func send(_ delivery: Delivery, at now: Moment) async -> DeliveryOutcome {
        let timestamp = now.wall / 1_000_000
        var headers: HTTPHeaders = [
            "Content-Type": "application/json", "User-Agent": "pgAnalytics-alerter", "webhook-id": delivery.id,
            "webhook-timestamp": String(timestamp),
        ]
        if let key = settings.key {
            headers["webhook-signature"] = StandardWebhook.signature(
                id: delivery.id, timestamp: timestamp, body: delivery.body, key: key)
        }
        let request = HTTPClientRequest(
            method: "POST", url: settings.url, headers: headers, body: Array(delivery.body.utf8),
            timeout: settings.timeout, maxResponseBytes: 64 * 1024, isAnsweredByStatus: true)
        do {
            let answer = try await client.send(request)
            return .of(status: answer.status, retryAfter: answer.headers["Retry-After"], now: now)
        } catch {
            return Self.outcome(of: error)
        }
    }

    /// What a failure means for the next attempt. A connection that broke may have broken after the message was through.
    private static func outcome(of error: HTTPError) -> DeliveryOutcome {
        switch error.code {
        case .malformed, .forbiddenAddress:
            .refused(status: nil, detail: error.message)
        case .resolve, .connect, .tls:
            .retry(status: nil, after: nil, mayHaveArrived: false, detail: error.message)
        default:
            .retry(status: nil, after: nil, mayHaveArrived: true, detail: error.message)
        }
    }
}
