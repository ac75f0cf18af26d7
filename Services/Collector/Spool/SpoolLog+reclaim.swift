extension SpoolLog {
    /// Everything before a place was delivered.
    mutating func acknowledge(_ place: SpoolPosition) { watermark.advance(to: place) }

    /// Everything of a lane before a place was delivered.
    mutating func acknowledge(_ lane: String, to place: SpoolPosition) { watermark.advance(lane, to: place) }

    /// Makes the watermark durable, lets go of segments that are not needed and keeps the bounds. May leave something in
    /// the queue for the next commit (states copied out of a segment that is to go).
    mutating func reclaim() throws(SpoolError) {
        try noteAcknowledged()
        while segments.count > 1, let first = segments.first, isDelivered(first) {
            hold(statesOf: first)
            try writeHeld()
            try removeFirst()
        }
        // A round a segment at most: what is copied behind everything else is not copied again.
        for _ in segments where bytes > limits.maximalBytes && segments.count > 1 { try dropOldest() }
        if watermark != durableWatermark { try writeWatermark() }
    }

    /// Lets go of the oldest segment when all of it was delivered, for the room that it takes: nothing is written before.
    /// What it remembers is held in memory for the next write. Returns whether there was such a segment.
    mutating func freeDelivered() throws(SpoolError) -> Bool {
        guard let first = segments.first, isDelivered(first), segments.count > 1 || !isOpen else { return false }
        hold(statesOf: first)
        try removeFirst()
        return true
    }

    /// What is acknowledged in memory decides: a log that is opened with an older watermark begins with the first segment
    /// that is there.
    private func isDelivered(_ segment: Segment) -> Bool {
        acknowledged >= SpoolPosition(segment: segment.number, offset: segment.durable)
    }

    /// Drops the oldest segments, sent or not, until the rest is within the bound. Texts of statements go behind everything
    /// else: they are said once, and samples go in their place.
    private mutating func dropOldest() throws(SpoolError) {
        var texts = Texts()
        var (going, freed) = (0, 0)
        while going < segments.count - 1, bytes - freed + texts.bytes > limits.maximalBytes {
            let segment = segments[going]
            hold(statesOf: segment)
            let lost = unacknowledged(in: segment)
            counters.dropped += lost.count
            texts.add(lost, within: limits.maximalBytes / Texts.share)
            freed += segment.durable
            going += 1
        }
        if bytes - freed + texts.bytes <= limits.maximalBytes { keep(texts) }
        try writeHeld()
        acknowledge(SpoolPosition(segment: segments[going].number, offset: 0))
        try noteAcknowledged()
        for _ in 0..<going { try removeFirst() }
    }

    /// Synced at once: of two segments that went, the first must not come back alone with a reading that is too old.
    private mutating func removeFirst() throws(SpoolError) {
        try files.remove(segments[0].name)
        segments.removeFirst()
        try files.syncDirectory()
    }

    /// Makes the watermark durable if there is room for it; where there is none, the segments go first.
    private mutating func noteAcknowledged() throws(SpoolError) {
        guard watermark != durableWatermark else { return }
        do throws(SpoolError) {
            try writeWatermark()
        } catch {
            guard error.code == .noSpace else { throw error }
        }
    }

    private mutating func writeWatermark() throws(SpoolError) {
        let temporary = Self.watermarkName + ".new"
        do {
            try files.create(temporary)
            try files.append(temporary, Frame.encode(watermark.encode()))
            try files.sync(temporary)
        } catch {
            try? files.remove(temporary)
            throw error
        }
        try files.rename(temporary, to: Self.watermarkName)
        try files.syncDirectory()
        durableWatermark = watermark
    }

    /// Queues the chains that begin in a segment, before their increments in the queue. One that cannot be read is broken:
    /// its next record is a full one, and nothing is lost unless the collector is killed before that.
    private mutating func hold(statesOf segment: Segment) {
        var states: [SpoolState] = []
        var broken: Set<String> = []
        for name in chains.keys.sorted() where chains[name]?.places.first?.segment == segment.number {
            if let records = (try? recover(name)) ?? nil {
                states.append(SpoolState(name: name, kind: .chain, records: records))
            } else {
                broken.insert(name)
            }
        }
        breakChains(broken)
        guard !states.isEmpty else { return }
        for state in states { chains[state.name] = nil }
        enqueue(SpoolBatch(states: states), inFront: true)
    }

    /// Writes what was taken out of a segment before that goes. Where there is no room, the segment is where it comes
    /// from: what was taken out waits in the queue.
    private mutating func writeHeld() throws(SpoolError) {
        guard !queue.isEmpty else { return }
        do throws(SpoolError) {
            try write(queue.count)
        } catch {
            guard error.code == .noSpace else { throw error }
        }
    }

    private mutating func unacknowledged(in segment: Segment) -> [SpoolMessage] {
        var at = max(acknowledged, SpoolPosition(segment: segment.number, offset: 0))
        var found: [SpoolMessage] = []
        while at.segment == segment.number, at.offset < segment.durable {
            guard let (messages, next) = try? read(from: at, limit: 1), next > at else { break }
            found += messages.map(\.message).filter { at >= watermark.place(of: Lane.of($0.topic)) }
            at = next
        }
        return found
    }
}
