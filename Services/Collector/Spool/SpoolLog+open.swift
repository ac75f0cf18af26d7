extension SpoolLog {
    static let watermarkName = "acknowledged"

    /// Opens the log in a directory: cuts a torn tail, steps over damage, finds the readings and the numbers.
    ///
    /// A new epoch begins where the last numbers cannot be trusted: in an empty directory, behind a torn tail, and when
    /// more was acknowledged than is there. Messages that are left keep the epoch and number that they have.
    init(files: any SpoolFileSystem, limits: SpoolLimits, newEpoch: () -> String) throws(SpoolError) {
        self.files = files
        self.limits = limits
        epoch = ""
        let names = try files.list()
        // Left by a crash between writing and renaming the watermark.
        if names.contains(Self.watermarkName + ".new") { try files.remove(Self.watermarkName + ".new") }
        let numbers = names.compactMap { name -> Int? in
            name.hasSuffix(".seg") ? Int(name.dropLast(4)) : nil
        }.sorted()
        var trusted = !numbers.isEmpty
        for number in numbers {
            let intact = try scan(number, isLast: number == numbers.last, newEpoch: newEpoch)
            if number == numbers.last, !intact { trusted = false }
        }
        acknowledged = readWatermark(present: names.contains(Self.watermarkName))
        if let last = segments.last, acknowledged > SpoolPosition(segment: last.number, offset: last.durable) {
            trusted = false
        }
        if segments.isEmpty { trusted = false }
        if let first = segments.first {
            acknowledged = max(acknowledged, SpoolPosition(segment: first.number, offset: 0))
        } else {
            acknowledged = SpoolPosition(segment: acknowledged.segment, offset: 0)
        }
        durableAcknowledged = acknowledged
        if !trusted {
            epoch = newEpoch()
            durableSequences = [:]
        }
        sequences = durableSequences
        chainCounts = chains.mapValues(\.count)
    }

    /// Reads a segment from end to end. Returns whether it ended where a frame ends.
    private mutating func scan(_ number: Int, isLast: Bool, newEpoch: () -> String) throws(SpoolError) -> Bool {
        let name = Self.fileName(number)
        let bytes = try files.read(name, at: 0, count: try files.size(name))
        var segment = Segment(number: number, durable: 0, epoch: epoch)
        var at = 0
        var intact = true
        while at < bytes.count {
            guard let payload = Frame.payload(in: bytes, at: at) else {
                guard let next = Frame.next(in: bytes, from: at + 1) else { break }
                counters.quarantined += 1
                at = next
                continue
            }
            let place = SpoolPosition(segment: number, offset: at)
            if segment.durable == 0, !Self.isHeader(payload) {
                // The header is damaged: which epoch the numbers belong to is not known, so they get one of their own.
                epoch = newEpoch()
                segment.epoch = epoch
                intact = false
            }
            at += Frame.overhead + payload.count
            segment.durable = at
            var reader = ByteReader(payload)
            do throws(MalformedBytes) {
                switch try reader.varint() {
                case UInt64(SegmentRecord.header):
                    let header = try SegmentHeader(from: &reader)
                    segment.epoch = header.epoch
                    epoch = header.epoch
                    // The header counts from where the epoch began; frames of the segments before can only be older.
                    durableSequences = header.sequences
                case UInt64(SegmentRecord.batch): learn(try SpoolBatch(from: &reader), at: place)
                default: counters.quarantined += 1
                }
            } catch {
                counters.quarantined += 1
            }
        }
        if segment.durable < bytes.count {
            intact = false
            counters.tornBytes += bytes.count - segment.durable
            if isLast { try files.truncate(name, to: segment.durable) }
        }
        if segment.durable == 0 {
            // Nothing of it was ever synced (its header goes with its first batch).
            try files.remove(name)
            return intact
        }
        segments.append(segment)
        return intact
    }

    private static func isHeader(_ payload: ArraySlice<UInt8>) -> Bool {
        var reader = ByteReader(payload)
        return (try? reader.varint()) == UInt64(SegmentRecord.header)
    }

    private func readWatermark(present: Bool) -> SpoolPosition {
        // Without a watermark everything is sent again: readers know the numbers.
        guard present, let bytes = try? files.read(Self.watermarkName, at: 0, count: 64),
            let payload = Frame.payload(in: bytes, at: 0)
        else { return SpoolPosition(segment: 0, offset: 0) }
        var reader = ByteReader(payload)
        guard let segment = try? reader.varint(), let offset = try? reader.varint() else {
            return SpoolPosition(segment: 0, offset: 0)
        }
        return SpoolPosition(segment: Int(truncatingIfNeeded: segment), offset: Int(truncatingIfNeeded: offset))
    }
}
