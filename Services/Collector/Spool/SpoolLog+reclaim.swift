extension SpoolLog {
    /// Everything before a place was delivered.
    mutating func acknowledge(_ position: SpoolPosition) { acknowledged = max(acknowledged, position) }

    /// Makes the watermark durable, lets go of segments that are not needed and keeps the bounds. May leave something in
    /// the queue for the next commit (states copied out of a segment that is to go).
    mutating func reclaim() throws(SpoolError) {
        if acknowledged > durableAcknowledged { try writeWatermark() }
        while let first = segments.first, isDisposable(first) {
            guard try moveStates(outOf: first) else { return }
            try removeFirst()
        }
        while bytes > limits.maximalBytes, segments.count > 1, let first = segments.first {
            guard try moveStates(outOf: first) else { return }
            counters.dropped += unacknowledged(in: first)
            acknowledge(SpoolPosition(segment: segments[1].number, offset: 0))
            try writeWatermark()
            try removeFirst()
        }
    }

    private func isDisposable(_ segment: Segment) -> Bool {
        guard segments.count > 1, segment.number < segments[segments.count - 1].number else { return false }
        return durableAcknowledged >= SpoolPosition(segment: segment.number, offset: segment.durable)
    }

    private mutating func removeFirst() throws(SpoolError) {
        try files.remove(segments[0].name)
        segments.removeFirst()
    }

    private mutating func writeWatermark() throws(SpoolError) {
        var writer = ByteWriter()
        writer.count(acknowledged.segment)
        writer.count(acknowledged.offset)
        let temporary = Self.watermarkName + ".new"
        try files.create(temporary)
        try files.append(temporary, Frame.encode(writer.bytes))
        try files.sync(temporary)
        try files.rename(temporary, to: Self.watermarkName)
        try files.syncDirectory()
        durableAcknowledged = acknowledged
    }

    /// Copies the chains that begin in a segment behind everything else. Returns whether nothing of it is needed any more.
    private mutating func moveStates(outOf segment: Segment) throws(SpoolError) -> Bool {
        let names = chains.filter { $0.value.places.first?.segment == segment.number }.map(\.key)
        if names.isEmpty { return true }
        // Increments in the queue come behind the chain they belong to, not before it.
        guard queue.isEmpty else { return false }
        var states: [SpoolState] = []
        for name in names.sorted() {
            if let records = try recover(name) {
                states.append(SpoolState(name: name, kind: .chain, records: records))
            } else {
                chains[name] = nil
                chainCounts[name] = nil
            }
        }
        append(SpoolBatch(states: states))
        do throws(SpoolError) {
            try commit()
        } catch {
            // No room for the copies, and the segment is where the room would come from: the readings are written in
            // full with their next cycle; killed before that, those deltas begin anew.
            queue.removeAll()
            queuedBytes = 0
            for name in names {
                chains[name] = nil
                chainCounts[name] = nil
            }
        }
        return true
    }

    private mutating func unacknowledged(in segment: Segment) -> Int {
        var at = max(acknowledged, SpoolPosition(segment: segment.number, offset: 0))
        var count = 0
        while at.segment == segment.number, at.offset < segment.durable {
            guard let (messages, next) = try? read(from: at, limit: 1), next > at else { break }
            count += messages.count
            at = next
        }
        return count
    }
}
