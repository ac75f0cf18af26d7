/// A place between two frames.
struct SpoolPosition: Comparable, Hashable, Sendable {
    var segment: Int
    var offset: Int

    static func < (one: SpoolPosition, other: SpoolPosition) -> Bool {
        (one.segment, one.offset) < (other.segment, other.offset)
    }
}

/// How much the spool may hold.
struct SpoolLimits: Sendable {
    /// A segment is closed when it has reached this size.
    var segmentBytes = 8 << 20
    /// Segments beyond this are dropped, oldest first, sent or not.
    var maximalBytes = 1 << 30
    /// Held in memory while the disk takes nothing.
    var memoryBytes = 64 << 20
}

/// What happened to the spool since it was opened.
struct SpoolCounters: Equatable, Sendable {
    /// Messages thrown away unsent because a bound was reached. Their numbers are missing in their streams.
    var dropped = 0
    /// Damaged stretches in the middle of a segment, stepped over.
    var quarantined = 0
    /// Bytes cut off the end of the last segment.
    var tornBytes = 0
}

/// An append-only log in segments: messages for Kafka together with the readings that they were taken from.
///
/// What a ``commit()`` has returned for survives a kill and a power loss. Everything is synchronous and on one thread; the
/// clock, the disk and randomness come from outside, so that tests can crash it at every operation. ``Spool`` is the
/// asynchronous face of it.
struct SpoolLog {
    struct Segment {
        var number: Int
        /// The end of what is durable; nothing behind it is ever read.
        var durable: Int
        var epoch: String
        var name: String { SpoolLog.fileName(number) }
    }

    /// Where the records of a state lie: one full record (or a copied chain) and the increments since.
    struct Chain {
        var places: [SpoolPosition]
        var count: Int
        var fullBytes: Int
        var incrementBytes: Int
        /// Damage was met behind its last record, where one more that was delivered may have been.
        var isDoubtful = false
    }

    struct Pending {
        var batch: SpoolBatch
        var frame: [UInt8]
        /// Whether it is texts that would have gone with their batches (``keep(_:)``).
        var isKept = false
    }

    let files: any SpoolFileSystem
    let limits: SpoolLimits
    var epoch: String
    /// On disk, ascending.
    var segments: [Segment] = []
    /// Whether the last segment takes more; otherwise the next commit begins a new one.
    var isOpen = false
    /// The last numbers given out, and those of them that are durable.
    var sequences: [String: UInt64] = [:]
    var durableSequences: [String: UInt64] = [:]
    /// Not yet durable, in order.
    var queue: [Pending] = []
    var queuedBytes = 0
    /// Durable chains, and how many records each has with those in the queue; absent = broken, a full record is needed.
    var chains: [String: Chain] = [:]
    var chainCounts: [String: Int] = [:]
    /// How many partitions the numbered messages of an epoch are spread over, where that is known.
    var partitions: [String: Int] = [:]
    /// How far delivery is, and what the file says of it.
    var watermark = Watermark()
    var durableWatermark = Watermark()
    /// Everything before it was delivered.
    var acknowledged: SpoolPosition { watermark.acknowledged }
    var counters = SpoolCounters()
    /// Where reading fails, and how often in a row: readers may stand at different places.
    var failedAt: [SpoolPosition: Int] = [:]
    /// Why segments were given up; ``takeGivenUp()`` is for whoever says it.
    var givenUp: [SpoolError] = []

    static func fileName(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits + ".seg"
    }

    /// Bytes on disk and in memory.
    var bytes: Int { segments.reduce(0) { $0 + $1.durable } + queuedBytes }

    /// Whether the next record of a state has to be a full one: none is known, or the increments have outgrown it.
    func wantsFull(_ name: String) -> Bool {
        guard chainCounts[name] != nil, let chain = chains[name] else {
            return chainCounts[name] == nil
        }
        return chain.count >= 400 || chain.incrementBytes > 2 * chain.fullBytes + (64 << 10)
    }

    /// Numbers the messages of a batch and queues it for the next ``commit()``.
    mutating func append(_ batch: SpoolBatch) {
        var batch = batch
        batch.sequences = batch.messages.map { message in
            guard message.sequenced else { return 0 }
            let next = (sequences[Self.stream(of: message)] ?? 0) + 1
            sequences[Self.stream(of: message)] = next
            return next
        }
        batch.states = batch.states.compactMap { state in
            var state = state
            switch state.kind {
            case .full:
                state.index = 0
                chainCounts[state.name] = 1
            case .increment:
                // The chain was broken after the caller asked: the record says less than nothing.
                guard let count = chainCounts[state.name] else { return nil }
                state.index = count
                chainCounts[state.name] = count + 1
            case .chain: chainCounts[state.name] = state.records.count
            case .cleared: chainCounts[state.name] = nil
            }
            return state
        }
        enqueue(batch)
        boundMemory()
    }

    /// Why segments were given up since it was last asked.
    mutating func takeGivenUp() -> [SpoolError] {
        defer { givenUp.removeAll() }
        return givenUp
    }

    static func stream(of message: SpoolMessage) -> String { message.topic + "/" + message.key }

    mutating func enqueue(_ batch: SpoolBatch, inFront: Bool = false) {
        let frame = Frame.encode(batch.encode())
        queuedBytes += frame.count
        queue.insert(Pending(batch: batch, frame: frame), at: inFront ? 0 : queue.endIndex)
    }

    /// Writes what is queued and syncs it: one write and one fsync for however many batches. What was delivered makes room
    /// where there is none. When it throws, what is not durable is still in the queue, and the file ends where it ended
    /// before.
    mutating func commit() throws(SpoolError) {
        guard !queue.isEmpty else { return }
        var failure: SpoolError
        repeat {
            do throws(SpoolError) {
                return try write(queue.count)
            } catch {
                guard error.code == .noSpace else { throw error }
                failure = error
            }
        } while try freeDelivered()
        // More is queued than there is room for: the first of it goes, and makes room when it is delivered.
        var count = queue.count / 2
        while count > 0 {
            do throws(SpoolError) {
                try write(count)
                break
            } catch {
                guard error.code == .noSpace else { throw error }
                failure = error
                count /= 2
            }
        }
        throw failure
    }

    /// Writes and syncs the first batches of the queue.
    mutating func write(_ count: Int) throws(SpoolError) {
        if isOpen, let last = segments.last, last.durable >= limits.segmentBytes { isOpen = false }
        let isNew = !isOpen
        // Never a number that counts as delivered, whatever became of the files.
        let number =
            isNew
            ? max(segments.last?.number ?? 0, watermark.furthest.segment) + 1 : segments[segments.count - 1].number
        let name = Self.fileName(number)
        var start = isNew ? 0 : segments[segments.count - 1].durable
        var bytes: [UInt8] = []
        if isNew {
            let header = SegmentHeader(epoch: epoch, sequences: durableSequences, partitions: partitions[epoch])
            bytes = Frame.encode(header.encode())
        }
        let headerBytes = bytes.count
        let written = queue.prefix(count)
        let writtenBytes = written.reduce(0) { $0 + $1.frame.count }
        bytes.reserveCapacity(headerBytes + writtenBytes)
        for pending in written { bytes += pending.frame }
        do {
            if isNew { try files.create(name) }
            try files.append(name, bytes)
            try files.sync(name)
            if isNew { try files.syncDirectory() }
        } catch {
            if isNew {
                try? files.remove(name)
            } else {
                // What a failed write or fsync left behind must not be found by the next start; and this file is not
                // written again: after a failed fsync nobody knows what of it is on disk.
                try? files.truncate(name, to: start)
                isOpen = false
            }
            throw error
        }
        if isNew {
            segments.append(Segment(number: number, durable: 0, epoch: epoch))
            isOpen = true
        }
        segments[segments.count - 1].durable = start + bytes.count
        start += headerBytes
        for pending in written {
            learn(pending.batch, at: SpoolPosition(segment: number, offset: start))
            start += pending.frame.count
        }
        queue = Array(queue.dropFirst(count))
        queuedBytes -= writtenBytes
    }

    /// Takes note of a batch that is durable at a place.
    mutating func learn(_ batch: SpoolBatch, at place: SpoolPosition) {
        for (index, message) in batch.messages.enumerated() where batch.sequences[index] > 0 {
            durableSequences[Self.stream(of: message)] = batch.sequences[index]
        }
        for state in batch.states {
            let size = state.records.reduce(0) { $0 + $1.count }
            switch state.kind {
            case .full, .chain:
                chains[state.name] = Chain(
                    places: [place], count: state.records.count, fullBytes: state.records.first?.count ?? 0,
                    incrementBytes: size - (state.records.first?.count ?? 0))
            case .increment:
                guard chains[state.name]?.count == state.index else {
                    chains[state.name] = nil
                    continue
                }
                chains[state.name]?.places.append(place)
                chains[state.name]?.count += 1
                chains[state.name]?.isDoubtful = false
                chains[state.name]?.incrementBytes += size
            case .cleared: chains[state.name] = nil
            }
        }
    }
}
