/// What the consumer knows of one assigned partition.
struct ConsumerTrack {
    let partition: TopicPartition

    /// The offset of the record to be handed over next.
    var next: Int64

    /// The offset up to which everything is dealt with.
    var done: Int64

    /// The offset last given to Kafka for lag tools; nothing to the delivery.
    var committed: Int64

    /// When it last gave a record, or was assigned.
    var lastRecord: ContinuousClock.Instant

    init(_ partition: TopicPartition, at offset: Int64) {
        self.partition = partition
        next = offset
        done = offset
        committed = offset
        lastRecord = .now
    }
}

/// A batch that several attempts share. The batch ends with the last reference, before its consumer is closed.
final class HeldBatch: Sendable {
    let batch: RecordBatch
    init(_ batch: consuming RecordBatch) { self.batch = batch }
}

/// What one poll brought.
struct Polled: Sendable {
    var batch: HeldBatch?
    var changes: [AssignmentChange] = []
    /// Partitions whose position the broker does not have.
    var lost: [TopicPartition] = []
    /// The consumer can do nothing more.
    var fatal: KafkaError?
}

/// What the rebalance callback noted.
enum AssignmentChange: Sendable {
    case assigned([TopicPartition])
    case revoked([TopicPartition], isLost: Bool)
}
