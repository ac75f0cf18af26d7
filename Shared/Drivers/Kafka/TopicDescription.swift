/// What a cluster says of itself.
public struct ClusterDescription: Sendable, Hashable {
    public let id: String
    /// The brokers that are alive, by id.
    public let brokers: [Int32]
    public let topics: [TopicDescription]
}

/// What a cluster says of one topic.
public struct TopicDescription: Sendable, Hashable {
    public let name: String
    public let partitions: Int
    /// Of the partition that has the fewest.
    public let replicas: Int

    public init(name: String, partitions: Int, replicas: Int) {
        self.name = name
        self.partitions = partitions
        self.replicas = replicas
    }
}

/// One setting of a topic.
public struct TopicSetting: Sendable, Hashable {
    public let name: String
    /// nil for what the broker does not show.
    public let value: String?
    /// Set on the topic itself rather than taken from the broker's settings or Kafka's defaults.
    public let isOwn: Bool

    public init(name: String, value: String?, isOwn: Bool) {
        self.name = name
        self.value = value
        self.isOwn = isOwn
    }
}

/// A topic to be made.
public struct NewTopic: Sendable, Hashable {
    public var name: String
    public var partitions: Int
    public var replicas: Int
    public var configuration: [String: String]

    public init(name: String, partitions: Int, replicas: Int, configuration: [String: String]) {
        self.name = name
        self.partitions = partitions
        self.replicas = replicas
        self.configuration = configuration
    }
}
