extension SpoolLog {
    static let watermarkName = "acknowledged"

    /// Opens the log in a directory: cuts a torn tail, steps over damage, finds the readings and the numbers.
    ///
    /// A new epoch begins where the last numbers cannot be trusted: in an empty directory, behind a torn tail, behind damage
    /// in the last segment, and when more was acknowledged than is there. Messages that are left keep the epoch and number
    /// that they have.
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
        watermark = readWatermark(present: names.contains(Self.watermarkName))
        var trusted = !numbers.isEmpty
        for number in numbers {
            let intact = try scan(number, isLast: number == numbers.last, newEpoch: newEpoch)
            // Each segment begins with the last numbers of those before it; one that held nothing says nothing of them.
            trusted = intact && (trusted || segments.last?.number == number)
        }
        if let last = segments.last, watermark.furthest > SpoolPosition(segment: last.number, offset: last.durable) {
            trusted = false
            // What was delivered was read after what is left.
            doubtChains()
        }
        if segments.isEmpty { trusted = false }
        if let first = segments.first {
            acknowledge(SpoolPosition(segment: first.number, offset: 0))
        } else {
            watermark.restart(at: SpoolPosition(segment: watermark.furthest.segment, offset: 0))
        }
        durableWatermark = watermark
        if !trusted {
            epoch = newEpoch()
            durableSequences = [:]
        }
        sequences = durableSequences
        chains = chains.filter { !$0.value.isDoubtful }
        chainCounts = chains.mapValues(\.count)
    }

    /// Reads a segment from end to end. Returns whether all of it is whole frames.
    private mutating func scan(_ number: Int, isLast: Bool, newEpoch: () -> String) throws(SpoolError) -> Bool {
        let name = Self.fileName(number)
        var segment = Segment(number: number, durable: 0, epoch: epoch)
        guard let bytes = try content(number) else {
            // Its file stays until its turn comes.
            segments.append(segment)
            return false
        }
        var at = 0
        var intact = true
        while at < bytes.count {
            guard let payload = Frame.payload(in: bytes, at: at) else {
                guard let next = Frame.next(in: bytes, from: at + 1) else { break }
                noteDamage(at: SpoolPosition(segment: number, offset: at))
                intact = false
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
                    partitions[epoch] = header.partitions ?? partitions[epoch]
                case UInt64(SegmentRecord.batch): learn(try SpoolBatch(from: &reader), at: place)
                default:
                    noteDamage(at: place)
                    intact = false
                }
            } catch {
                noteDamage(at: place)
                intact = false
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

    /// What is damaged and was never delivered is in the next delta; what was delivered would count twice.
    private mutating func noteDamage(at place: SpoolPosition) {
        counters.quarantined += 1
        if place < watermark.furthest { doubtChains() }
    }

    /// A record may be missing here. One that comes behind it, in its order, says that none is.
    private mutating func doubtChains() {
        for name in chains.keys { chains[name]?.isDoubtful = true }
    }

    /// All of a segment; `nil` when it cannot be read, after a few tries.
    private mutating func content(_ number: Int) throws(SpoolError) -> [UInt8]? {
        let name = Self.fileName(number)
        var failure: SpoolError?
        for _ in 0..<Self.readTries {
            do throws(SpoolError) {
                return try files.read(name, at: 0, count: try files.size(name))
            } catch {
                guard error.isDamage else { throw error }
                failure = error
            }
        }
        noteDamage(at: SpoolPosition(segment: number, offset: 0))
        if let failure { givenUp.append(failure) }
        return nil
    }

    private static func isHeader(_ payload: ArraySlice<UInt8>) -> Bool {
        var reader = ByteReader(payload)
        return (try? reader.varint()) == UInt64(SegmentRecord.header)
    }

    private func readWatermark(present: Bool) -> Watermark {
        // Without a watermark everything is sent again: readers know the numbers.
        guard present, let bytes = try? files.read(Self.watermarkName, at: 0, count: 4_096),
            let payload = Frame.payload(in: bytes, at: 0)
        else { return Watermark() }
        var reader = ByteReader(payload)
        return (try? Watermark(from: &reader)) ?? Watermark()
    }
}
