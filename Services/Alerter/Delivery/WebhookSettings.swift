/// A receiver.
struct WebhookSettings: Sendable {
    let name: String
    /// A secret: it may be a credential. Logs name the host only.
    let url: String
    /// Signs messages; nil leaves them unsigned.
    let key: [UInt8]?
    let timeout: Duration
    /// Whether it may be on loopback or in a private network.
    let allowPrivate: Bool
}
