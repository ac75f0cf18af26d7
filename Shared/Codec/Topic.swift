/// What a topic's messages are keyed by, which decides their order and their partition.
public enum TopicKey: String, Sendable, CaseIterable {
    /// The id of the server that the message is about.
    case instance
    /// The name of a statement.
    case fingerprint
    /// The id of a collector.
    case collector
    /// The fingerprint of an alert.
    case alert
    /// The key that the message had where it came from.
    case original
}

/// A topic as the code knows it. Partitions, replicas and retention are the cluster's affair and stand in `topics/`.
public struct Topic<M: Message>: Sendable {
    /// The name without the prefix of the installation.
    public let name: String
    /// The version of the payload that this binary writes, and the newest that it reads.
    public let version: Int
    public let key: TopicKey
    /// Whether messages carry `<epoch>.<sequence>`, so that a duplicate is dropped and a hole is seen.
    public let sequenced: Bool
    /// The largest message in bytes, with its key, its headers and what Kafka writes around them: `max.message.bytes`.
    public let maxMessageBytes: Int

    init(_ name: String, version: Int, key: TopicKey, sequenced: Bool, maxMessageBytes: Int = 1 << 20) {
        self.name = name
        self.version = version
        self.key = key
        self.sequenced = sequenced
        self.maxMessageBytes = maxMessageBytes
    }

    /// The name in the cluster.
    public func fullName(prefix: String = Topics.defaultPrefix) -> String { prefix + name }

    /// The topic without its type.
    public var erased: AnyTopic {
        AnyTopic(
            name: name, message: M.name, version: version, key: key, sequenced: sequenced,
            maxMessageBytes: maxMessageBytes)
    }
}

/// A ``Topic`` whose message is known by name.
public struct AnyTopic: Sendable, Equatable {
    public let name: String
    public let message: String
    public let version: Int
    public let key: TopicKey
    public let sequenced: Bool
    public let maxMessageBytes: Int

    /// The name in the cluster.
    public func fullName(prefix: String = Topics.defaultPrefix) -> String { prefix + name }
}
