import Foundation

/// The JSON that Alertmanager's webhook receivers know, version 4, with one alert in it.
struct WebhookBody: Codable, Sendable, Equatable {
    struct Entry: Codable, Sendable, Equatable {
        let status: String
        let labels: Labels
        let annotations: Labels
        let startsAt: String
        let endsAt: String
        let generatorURL: String
        let fingerprint: String
    }

    let version: String
    /// The dedup key: the same for the trigger, each reminder and the resolve of an alert.
    let groupKey: String
    let truncatedAlerts: Int
    let status: String
    let receiver: String
    let groupLabels: Labels
    let commonLabels: Labels
    let commonAnnotations: Labels
    let externalURL: String
    let alerts: [Entry]

    /// The body about an alert; `endsAt` is set when it is over.
    init(_ alert: Alert, startsAt: Int64, endsAt: Int64?, receiver: String, externalURL: String) {
        version = "4"
        groupKey = "{}/{alertname=\"\(alert.rule)\"}:{fingerprint=\"\(alert.fingerprint)\"}"
        truncatedAlerts = 0
        status = endsAt == nil ? "firing" : "resolved"
        self.receiver = receiver
        groupLabels = ["alertname": alert.rule, "instance": alert.instance]
        commonLabels = alert.labels
        commonAnnotations = alert.annotations
        self.externalURL = externalURL
        alerts = [
            Entry(
                status: status, labels: alert.labels, annotations: alert.annotations,
                startsAt: HTTPDate.rfc3339(startsAt),
                // Alertmanager's receivers read Go's zero time as "not over".
                endsAt: endsAt.map(HTTPDate.rfc3339) ?? "0001-01-01T00:00:00Z",
                generatorURL: externalURL, fingerprint: alert.fingerprint)
        ]
    }

    /// Its bytes, the same for the same alert.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
