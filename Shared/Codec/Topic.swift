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

    /// The name in the cluster.
    public func fullName(prefix: String = Topics.defaultPrefix) -> String { prefix + name }

    /// The topic without its type.
    public var erased: AnyTopic {
        AnyTopic(name: name, message: M.name, version: version, key: key, sequenced: sequenced)
    }
}

/// A ``Topic`` whose message is known by name.
public struct AnyTopic: Sendable, Equatable {
    public let name: String
    public let message: String
    public let version: Int
    public let key: TopicKey
    public let sequenced: Bool

    /// The name in the cluster.
    public func fullName(prefix: String = Topics.defaultPrefix) -> String { prefix + name }
}
