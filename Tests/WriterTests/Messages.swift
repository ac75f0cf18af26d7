import Codec
import Glibc
import Kafka
import Runtime

@testable import Writer

/// Records as producers write them.
enum Messages {
    static let epoch = "0123456789abcdef0123456789abcdef"
    static let samples = TopicPartition(topic: "pganalytics.samples", partition: 0)

    /// Two rows of the family `database`.
    static func table(
        _ instance: String, time: Int64 = WallClock.microseconds(), family: String = "database", commits: Int64 = 7
    ) -> Table {
        Table(
            family: family, instance: instance, collector: "c1", time: time, interval: 10_000_000,
            serverVersion: 170_000, rowCount: 2,
            columns: [
                Column("datname", .label, .none, .strings(dictionary: ["shop", "blog"], indexes: [0, 1])),
                Column("xact_commit", .counter, .count, .integers([commits, 0])),
                Column("blks_hit", .counter, .blocks, .integers([5, 0]), nulls: Bitmap(count: 2, bytes: [0b10])),
            ], quality: [.ok, .reset])
    }

    static func record(
        _ table: Table, sequence: UInt64, offset: Int64, partition: Int32 = 0, epoch: String = epoch, version: Int = 1
    ) -> RecordBatch.Owned {
        var envelope = Envelope(
            Topics.samples, stream: StreamName(producer: table.collector, topic: "samples", key: table.instance),
            epoch: epoch, sequence: sequence, time: min(max(table.time, 0), 4_000_000_000_000_000))
        envelope.version = version
        return RecordBatch.Owned(
            topic: "pganalytics.samples", partition: partition, offset: offset, key: Array(table.instance.utf8),
            value: table.encoded(), headers: envelope.headers)
    }

    /// A message of a topic without sequences.
    static func record<M: Message>(
        _ topic: Topic<M>, _ message: M, key: String, offset: Int64, partition: Int32 = 0
    ) -> RecordBatch.Owned {
        let envelope = Envelope(
            topic, stream: StreamName(producer: "p", topic: topic.name, key: key), identity: key,
            time: WallClock.microseconds())
        return RecordBatch.Owned(
            topic: topic.fullName(), partition: partition, offset: offset, key: Array(key.utf8),
            value: message.encoded(), headers: envelope.headers)
    }
}
