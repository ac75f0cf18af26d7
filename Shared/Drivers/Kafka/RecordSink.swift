/// What a service does with records. `ConsumerLoop` does everything else: the group, offsets, pauses and back-off.
///
/// The loop calls one function at a time, each after the other has returned. What a function throws is taken for an
/// infrastructure error (a database away, a broker away) and the call is repeated with back-off for as long as it
/// takes, with the partitions paused; only `FatalError`, and a `KafkaError` that is fatal, end the loop.
public protocol RecordSink: Sendable {
    /// These partitions are ours now. Answers the stored *next* offset of each, by the cluster's id; a partition left
    /// out is read from its beginning, one with `ConsumerLoop.newest` from its end. Until it has answered nothing of them is read.
    func assigned(_ partitions: [TopicPartition], clusterID: String) async throws -> [TopicPartition: Int64]

    /// Uses the records. Returns what becomes of each partition; one left out has advanced past the batch. When it
    /// throws, the same batch comes again.
    func process(_ batch: borrowing RecordBatch) async throws -> [TopicPartition: Disposition]

    /// These partitions are ours no more; what `process` did not finish will be read by somebody else.
    func revoked(_ partitions: [TopicPartition]) async

    /// The records from `from` up to but not including `to` are gone before they were read (retention overtook us).
    func gap(_ partition: TopicPartition, from: Int64, to: Int64) async throws

    /// Called at least every tick of the loop, whether records came or not, also while `process` is failing and while
    /// no broker can be reached: for timers. When it throws it is logged and called again a tick later.
    func idle() async throws
}

/// What became of one partition's records in a batch.
public enum Disposition: Sendable, Hashable {
    /// All of them are dealt with.
    case advanced

    /// Those from offset `at` on must wait for somebody (a newer binary): the partition is paused there until it is
    /// assigned anew, and the others go on.
    case held(at: Int64, reason: String)

    /// Read again from this offset: ours was not the stored one.
    case rewind(to: Int64)
}

/// Thrown by a `RecordSink` when going on would be wrong: the loop closes and throws it to its caller.
public struct FatalError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}
