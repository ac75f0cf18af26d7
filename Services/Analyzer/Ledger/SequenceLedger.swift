/// Knows which messages of each stream have been used: the last sequence per (partition, stream, epoch).
///
/// What is not newer is a duplicate. A hole is a gap: the samples in it are lost to us, which a baseline survives.
/// A stream is as old as its producer's spool; of each stream the newest epochs are kept.
struct SequenceLedger: Sendable, Equatable {
    /// A stream on a partition: growing a topic moves keys, and the old partition's numbers must not be forgotten then.
    struct Key: Hashable, Sendable {
        let partition: Int32
        let stream: String
    }

    /// What to do with a message.
    enum Verdict: Sendable, Equatable {
        case new
        /// New, but so many messages before it never came.
        case newAfterGap(missing: UInt64)
        case duplicate
    }

    /// One line of the ledger.
    struct Entry: Hashable, Sendable {
        let key: Key
        let epoch: String
        let last: UInt64
    }

    /// An epoch is made with each spool, so that more than a few at a time mean that a disk is not kept.
    static let epochsPerStream = 4

    private struct Mark: Sendable, Equatable {
        var epoch: String
        var last: UInt64
    }

    /// Newest epoch last.
    private var marks: [Key: [Mark]] = [:]
    private(set) var changed: Set<Key> = []

    /// Takes note of a message and says whether it is new.
    mutating func admit(_ key: Key, epoch: String, sequence: UInt64) -> Verdict {
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

    /// Takes over what is stored of some partitions.
    mutating func restore(_ entries: [Entry]) {
        for entry in entries {
            marks[entry.key, default: []].append(Mark(epoch: entry.epoch, last: entry.last))
        }
    }

    /// Drops what concerns partitions that are no longer ours.
    mutating func forget(_ partitions: Set<Int32>) {
        marks = marks.filter { !partitions.contains($0.key.partition) }
        changed = changed.filter { !partitions.contains($0.partition) }
    }

    /// The lines that changed since the last call, for storing.
    mutating func takeChanges() -> [Entry] {
        let entries = changed.flatMap { key in
            (marks[key] ?? []).map { Entry(key: key, epoch: $0.epoch, last: $0.last) }
        }
        changed = []
        return entries
    }
}
