import Kafka
import Runtime
import Synchronization
import Testing

/// Keeps log lines.
final class KafkaLog: Sendable {
    private let kept = Mutex<[String]>([])
    var lines: [String] { kept.withLock { $0 } }
    var logger: Logger {
        Logger(service: "test", level: .info, sink: { line in self.kept.withLock { $0.append(line) } })
    }
    func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
}

/// A sink made of closures, which remembers what it was given.
final class TestSink: RecordSink {
    struct Seen: Sendable, Hashable {
        let partition: TopicPartition
        let offset: Int64
        let key: String?
        let value: String?
    }
    struct Gap: Sendable, Hashable {
        let partition: TopicPartition
        let from: Int64
        let to: Int64
    }
    struct State {
        var seen: [Seen] = []
        var attempts = 0
        var assignments: [[TopicPartition]] = []
        var clusters: Set<String> = []
        var revocations: [[TopicPartition]] = []
        var gaps: [Gap] = []
        var idles = 0
        /// Stored next offsets, as a database would keep them.
        var stored: [TopicPartition: Int64] = [:]
    }

    let state = Mutex(State())
    private let onAssigned: @Sendable ([TopicPartition]) async throws -> Void
    private let onProcess: @Sendable ([Seen]) async throws -> [TopicPartition: Disposition]
    private let onIdle: @Sendable () async throws -> Void

    init(
        stored: [TopicPartition: Int64] = [:],
        assigned: @escaping @Sendable ([TopicPartition]) async throws -> Void = { _ in },
        idle: @escaping @Sendable () async throws -> Void = {},
        process: @escaping @Sendable ([Seen]) async throws -> [TopicPartition: Disposition]
    ) {
        onAssigned = assigned
        onProcess = process
        onIdle = idle
        state.withLock { $0.stored = stored }
    }

    /// One that takes everything.
    convenience init(
        stored: [TopicPartition: Int64] = [:],
        assigned: @escaping @Sendable ([TopicPartition]) async throws -> Void = { _ in },
        idle: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.init(stored: stored, assigned: assigned, idle: idle, process: { _ in [:] })
    }

    var seen: [Seen] { state.withLock { $0.seen } }
    var values: [String] { seen.map { $0.value ?? "nil" } }
    var gaps: [Gap] { state.withLock { $0.gaps } }
    var assignments: [[TopicPartition]] { state.withLock { $0.assignments } }
    var idles: Int { state.withLock { $0.idles } }

    func assigned(_ partitions: [TopicPartition], clusterID: String) async throws -> [TopicPartition: Int64] {
        try await onAssigned(partitions)
        return state.withLock { state in
            state.assignments.append(partitions)
            state.clusters.insert(clusterID)
            return state.stored.filter { partitions.contains($0.key) }
        }
    }

    func process(_ batch: borrowing RecordBatch) async throws -> [TopicPartition: Disposition] {
        state.withLock { $0.attempts += 1 }
        var records: [Seen] = []
        batch.forEach { record in
            records.append(
                Seen(
                    partition: record.topicPartition, offset: record.offset,
                    key: record.keyBytes().map { String(decoding: $0, as: UTF8.self) },
                    value: record.valueBytes().map { String(decoding: $0, as: UTF8.self) }))
        }
        let next = batch.nextOffsets
        let dispositions = try await onProcess(records)
        let taken = records
        state.withLock { state in
            for record in taken {
                switch dispositions[record.partition] {
                case .held(let offset, _) where record.offset >= offset: break
                case .rewind(let offset) where record.offset >= offset: break
                default: state.seen.append(record)
                }
            }
            for (partition, offset) in next {
                switch dispositions[partition] {
                case .held(let offset, _), .rewind(let offset): state.stored[partition] = offset
                default: state.stored[partition] = offset
                }
            }
        }
        return dispositions
    }

    func revoked(_ partitions: [TopicPartition]) async { state.withLock { $0.revocations.append(partitions) } }

    func gap(_ partition: TopicPartition, from: Int64, to: Int64) async throws {
        state.withLock { $0.gaps.append(Gap(partition: partition, from: from, to: to)) }
    }

    func idle() async throws {
        state.withLock { $0.idles += 1 }
        try await onIdle()
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until the condition holds, and records an issue when it does not in time.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async rethrows {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return }
        try? await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(what, sourceLocation: sourceLocation)
}

/// What tests of consumers on the mock set: its rebalances wait for the session time-out.
let quickGroup = ["session.timeout.ms": "6000", "heartbeat.interval.ms": "500", "fetch.wait.max.ms": "10"]

extension MockCluster {
    func settings(_ properties: [String: String] = [:]) -> KafkaSettings {
        KafkaSettings(bootstrapServers: bootstrapServers, clientID: "test", properties: properties)
    }

    /// A cluster, stopped after the test whatever happens.
    static func with<T>(
        brokers: Int = 1, topics: [(name: String, partitions: Int)] = [("events", 1)],
        _ body: (MockCluster) async throws -> T
    ) async throws -> T {
        let cluster = try MockCluster(brokers: brokers, topics: topics)
        defer { cluster.close() }
        return try await body(cluster)
    }
}

/// A producer, closed after the body.
func withProducer<T>(
    _ settings: KafkaSettings, messageLimit: Int = 1 << 20, log: KafkaLog = KafkaLog(),
    _ body: (KafkaProducer) async throws -> T
) async throws -> T {
    let producer = try KafkaProducer(
        settings, messageLimit: messageLimit, logger: log.logger, metrics: MetricRegistry())
    do {
        let value = try await body(producer)
        await producer.close(within: .seconds(5))
        return value
    } catch {
        await producer.close(within: .zero)
        throw error
    }
}

/// A consumer running beside the body, shut down in good order after it. Throws what the loop threw.
func withConsumer<T>(
    _ settings: KafkaSettings, group: String = "group", topics: [String] = ["events"], batchLimit: Int = 1000,
    stuckPatience: Duration = .seconds(20), sink: any RecordSink, log: KafkaLog = KafkaLog(),
    metrics: MetricRegistry = MetricRegistry(), _ body: (ConsumerLoop) async throws -> T
) async throws -> T {
    var settings = settings
    settings.properties.merge(quickGroup) { own, _ in own }
    let loop = ConsumerLoop(
        settings, group: group, topics: topics, batchLimit: batchLimit, tick: .milliseconds(200),
        stuckPatience: stuckPatience, sink: sink, logger: log.logger, metrics: metrics)
    let shutdown = Shutdown()
    let run = Task { try await loop.run(until: shutdown) }
    do {
        let value = try await body(loop)
        shutdown.request()
        try await run.value
        return value
    } catch {
        shutdown.request()
        _ = await run.result
        throw error
    }
}

func record(_ value: String, key: String = "key", topic: String = "events", partition: Int32? = nil) -> ProducerRecord {
    ProducerRecord(topic: topic, key: Array(key.utf8), value: Array(value.utf8), partition: partition)
}

/// Sends and demands that all of it was acknowledged.
func sendAll(
    _ settings: KafkaSettings, _ records: [ProducerRecord], sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    try await withProducer(settings) { producer in
        let errors = await producer.send(records).compactMap { $0 }
        #expect(errors.isEmpty, sourceLocation: sourceLocation)
    }
}
