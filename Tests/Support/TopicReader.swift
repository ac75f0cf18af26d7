public import Kafka
import Runtime
import Synchronization

/// Reads topics from their beginning and keeps what came, for tests to look at.
public final class TopicReader: Sendable {
    /// A record that was read.
    public typealias Record = RecordBatch.Owned

    private final class Sink: RecordSink {
        let records = Mutex<[Record]>([])

        func assigned(_ partitions: [TopicPartition], clusterID: String) async throws -> [TopicPartition: Int64] { [:] }

        func process(_ batch: borrowing RecordBatch) async throws -> [TopicPartition: Disposition] {
            var taken: [Record] = []
            batch.forEach { record in
                taken.append(
                    Record(
                        topic: record.topic, partition: record.partition, offset: record.offset,
                        timestamp: record.timestamp, key: record.keyBytes(), value: record.valueBytes(),
                        headers: record.headers))
            }
            records.withLock { $0 += taken }
            return [:]
        }

        func revoked(_ partitions: [TopicPartition]) async {}
        func gap(_ partition: TopicPartition, from: Int64, to: Int64) async throws {}
        func idle() async throws {}
    }

    private let sink = Sink()
    private let shutdown = Shutdown()
    private let task: Task<Void, any Error>

    /// Begins to read, as a group of its own.
    public init(bootstrapServers: String, topics: [String], properties: [String: String] = [:]) {
        let loop = ConsumerLoop(
            KafkaSettings(bootstrapServers: bootstrapServers, clientID: "test-reader", properties: properties),
            group: "reader-" + String(UInt64.random(in: .min ... .max), radix: 36), topics: topics, tick: .seconds(1),
            sink: sink, logger: Logger(service: "reader", sink: { _ in }), metrics: MetricRegistry())
        let shutdown = shutdown
        task = Task { try await loop.run(until: shutdown) }
    }

    /// What came so far.
    public var records: [Record] { sink.records.withLock { $0 } }

    /// Waits until at least so many came, or the time is over; returns all that came.
    public func wait(for count: Int, within limit: Duration = .seconds(20)) async -> [Record] {
        let end = ContinuousClock.now + limit
        while records.count < count, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(20)) }
        return records
    }

    /// Stops reading.
    public func stop() async {
        shutdown.request()
        _ = try? await task.value
    }
}
