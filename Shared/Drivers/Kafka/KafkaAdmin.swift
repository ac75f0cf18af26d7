public import Runtime

/// Describes and changes topics. Its calls block a thread of its own, one after the other.
public final class KafkaAdmin: Sendable {
    private let core: AdminCore
    private let thread = DedicatedThread(name: "kafka-admin")
    private let timeout: Duration

    /// Starts a client; no broker needs to be there yet. `timeout` is how long each call may take.
    public init(_ settings: KafkaSettings, logger: Logger, timeout: Duration = .seconds(15)) throws(KafkaError) {
        core = try AdminCore(settings, watch: ClientWatch(settings, logger: logger))
        self.timeout = timeout
    }

    /// The cluster's id, its live brokers and all topics this principal may see.
    public func cluster() async throws -> ClusterDescription {
        try await run { core, timeout in try core.cluster(timeout) }
    }

    /// Those of the topics named that exist.
    public func describe(_ topics: [String]) async throws -> [TopicDescription] {
        let wanted = Set(topics)
        return try await cluster().topics.filter { wanted.contains($0.name) }
    }

    /// Makes topics. Throws for the first that could not be made; others of the list may have been.
    public func create(_ topics: [NewTopic]) async throws {
        guard !topics.isEmpty else { return }
        try await run { core, timeout in try core.create(topics, timeout) }
    }

    /// Raises the number of partitions. Keys move to other partitions by that.
    public func grow(_ topic: String, to partitions: Int) async throws {
        try await run { core, timeout in try core.grow(topic, to: partitions, timeout) }
    }

    /// All settings of each topic, those that are Kafka's defaults included.
    public func configuration(of topics: [String]) async throws -> [String: [TopicSetting]] {
        guard !topics.isEmpty else { return [:] }
        return try await run { core, timeout in try core.configuration(of: topics, timeout) }
    }

    /// Gives the topic these settings and no other: what is left out goes back to the broker's default, for
    /// librdkafka before 2.2.0 cannot change one setting by itself.
    public func replaceConfiguration(of topic: String, with configuration: [String: String]) async throws {
        try await run { core, timeout in try core.alter(topic, configuration, timeout) }
    }

    /// Ends the client; it has to be called, or librdkafka's threads stay.
    public func close() async {
        let core = core, thread = thread
        let isClosed = await within(.seconds(5)) {
            try? await thread.run { core.destroy() }
            return true
        }
        if isClosed != nil { thread.stop() } else { LeftBehind.keep(thread) }
    }

    private func run<T: Sendable>(_ body: @escaping @Sendable (AdminCore, Duration) throws -> T) async throws -> T {
        let core = core, timeout = timeout
        return try await thread.run { try body(core, timeout) }
    }
}
