/// All messages of one producer on one topic under one key: what a sequence counts.
public struct StreamName: Sendable, Hashable, CustomStringConvertible {
    /// The producing process: a collector's id, or a service's name.
    public let producer: String
    /// The topic, without the prefix of the installation.
    public let topic: String
    /// The key, which may itself hold slashes.
    public let key: String

    public init(producer: String, topic: String, key: String) {
        precondition(!producer.contains("/") && !topic.contains("/"), "Only the key of a stream may hold a slash.")
        self.producer = producer
        self.topic = topic
        self.key = key
    }

    /// From `<producer>/<topic>/<key>`; nil when that is not what it is.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        producer = String(parts[0])
        topic = String(parts[1])
        key = String(parts[2])
    }

    public var description: String { "\(producer)/\(topic)/\(key)" }
}
