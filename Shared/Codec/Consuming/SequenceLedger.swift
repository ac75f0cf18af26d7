/// Knows which messages of each stream have been used: the last sequence per (partition, stream, epoch).
///
/// What is not newer is a duplicate. A hole is a gap: what was in it is lost to us.
/// A stream is as old as its producer's spool; of each stream the newest epochs are kept.
public struct SequenceLedger: Sendable, Equatable {
    /// A stream on a partition: growing a topic moves keys, and the old partition's numbers must not be forgotten then.
    public struct Key: Hashable, Sendable {
        /// Kafka's number of the partition.
        public let partition: Int32
        /// As ``StreamName`` writes it.
        public let stream: String

        public init(partition: Int32, stream: String) {
            self.partition = partition
            self.stream = stream
        }
    }

    /// What to do with a message.
    public enum Verdict: Sendable, Equatable {
        case new
        /// New, but so many messages before it never came.
        case newAfterGap(missing: UInt64)
        case duplicate
    }

    /// One line of the ledger.
    public struct Entry: Hashable, Sendable {
        public let key: Key
        public let epoch: String
        /// The last sequence that was used.
        public let last: UInt64

        public init(key: Key, epoch: String, last: UInt64) {
            self.key = key
            self.epoch = epoch
            self.last = last
        }
    }

    /// An epoch is made with each spool and each growth of the topic, so that more than a few at a time mean that a disk is not kept.
    public static let epochsPerStream = 4

    private struct Mark: Sendable, Equatable {
        var epoch: String
        var last: UInt64
    }

    /// Newest epoch last.
    private var marks: [Key: [Mark]] = [:]
    private var changed: Set<Key> = []

    public init() {}

    /// Takes note of a message and says whether it is new.
    public mutating func admit(_ key: Key, epoch: String, sequence: UInt64) -> Verdict {
        var list = marks[key] ?? []
        guard let index = list.firstIndex(where: { $0.epoch == epoch }) else {
            list.append(Mark(epoch: epoch, last: sequence))
            if list.count > Self.epochsPerStream { list.removeFirst() }
            marks[key] = list
            changed.insert(key)
            return sequence > 1 ? .newAfterGap(missing: sequence - 1) : .new
        }
        let last = list[index].last
        guard sequence > last else { return .duplicate }
        var mark = list.remove(at: index)
        mark.last = sequence
        list.append(mark)
        marks[key] = list
        changed.insert(key)
        return sequence - last == 1 ? .new : .newAfterGap(missing: sequence - last - 1)
    }

    /// Takes over what is stored of some partitions, beside what was seen of them meanwhile.
    public mutating func restore(_ entries: [Entry]) {
        var stored: [Key: [Mark]] = [:]
        for entry in entries {
            if let index = marks[entry.key]?.firstIndex(where: { $0.epoch == entry.epoch }) {
                marks[entry.key]![index].last = max(marks[entry.key]![index].last, entry.last)
            } else {
                stored[entry.key, default: []].append(Mark(epoch: entry.epoch, last: entry.last))
            }
        }
        for (key, older) in stored {
            marks[key] = (older + (marks[key] ?? [])).suffix(Self.epochsPerStream)
        }
    }

    /// All lines.
    public var entries: [Entry] {
        marks.flatMap { key, marks in marks.map { Entry(key: key, epoch: $0.epoch, last: $0.last) } }
    }

    /// Drops what concerns partitions that are no longer ours.
    public mutating func forget(_ partitions: Set<Int32>) {
        marks = marks.filter { !partitions.contains($0.key.partition) }
        changed = changed.filter { !partitions.contains($0.partition) }
    }

    /// The lines that changed since the last call, for storing.
    public mutating func takeChanges() -> [Entry] {
        let entries = changed.flatMap { key in
            (marks[key] ?? []).map { Entry(key: key, epoch: $0.epoch, last: $0.last) }
        }
        changed = []
        return entries
    }
}
