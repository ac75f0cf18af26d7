import Kafka

/// The last sequence of every stream of the partitions that are ours: decides what is new, what is a duplicate, and
/// what is missing.
///
/// Decisions are made on a draft, for a transaction can fail: `begin` drops what an earlier attempt decided, `commit`
/// makes the draft the truth.
struct StreamLedger: Sendable {
    /// Where a stream stands.
    struct Mark: Equatable, Sendable {
        var sequence: UInt64
        /// Of the last message, microseconds UTC.
        var time: Int64
    }

    /// Messages of a stream that never came.
    struct Gap: Equatable, Sendable {
        var stream: StreamKey
        var first: UInt64
        var last: UInt64
        /// The times of the messages around it; nil when there is none before.
        var after: Int64?
        var before: Int64
    }

    enum Decision: Equatable, Sendable {
        case new
        case newAfterGap(Gap)
        case duplicate
    }

    private var marks: [StreamKey: Mark] = [:]
    private(set) var draft: [StreamKey: Mark] = [:]

    /// How many epochs of a stream stay stored. One is made with each spool and with each start of a process that has none,
    /// so that what is older than so many of them will not come again.
    static let storedEpochs = 16

    /// How many streams are known.
    var count: Int { marks.count }

    /// Those of the draft that nothing was known of: where an epoch began.
    var begun: [StreamKey] { draft.keys.filter { marks[$0] == nil } }

    /// The newest time that is known of a partition; nil when nothing of it is.
    func newestTime(of partition: TopicPartition) -> Int64? {
        marks.lazy.filter { $0.key.partition == partition }.map(\.value.time).max()
    }

    /// Takes over what is stored.
    mutating func load(_ stream: StreamKey, _ mark: Mark) { marks[stream] = mark }

    /// Forgets partitions that are not ours any more: another writer moves them on now.
    mutating func forget(_ partitions: Set<TopicPartition>) {
        marks = marks.filter { !partitions.contains($0.key.partition) }
        draft = [:]
    }

    mutating func begin() { draft.removeAll(keepingCapacity: true) }

    mutating func commit() {
        for (stream, mark) in draft { marks[stream] = mark }
        draft.removeAll(keepingCapacity: true)
    }

    /// Looks at the next message of a stream. A sequence that is not newer than the last is a duplicate, whatever its
    /// offset: a producer that retries can write a message twice.
    mutating func see(_ stream: StreamKey, sequence: UInt64, time: Int64) -> Decision {
        let last = draft[stream] ?? marks[stream]
        if let last, sequence <= last.sequence { return .duplicate }
        draft[stream] = Mark(sequence: sequence, time: time)
        let expected = (last?.sequence ?? 0) + 1
        if sequence == expected { return .new }
        return .newAfterGap(Gap(stream: stream, first: expected, last: sequence - 1, after: last?.time, before: time))
    }
}
