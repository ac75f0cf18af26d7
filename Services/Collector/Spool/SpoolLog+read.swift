/// A durable message with its place in its stream.
struct SpooledMessage: Sendable {
    var message: SpoolMessage
    var epoch: String
    /// 0 for a message without a number.
    var sequence: UInt64
    /// How many partitions its epoch is spread over, where that is known.
    var partitions: Int?
}

extension SpoolLog {
    /// So often a place that cannot be read is tried, before the rest of its segment is given up.
    static let readTries = 3

    /// Durable messages from a place on, whole frames until `limit` bytes are passed, and the place behind them. When it
    /// throws, it is worth another try.
    mutating func read(from position: SpoolPosition, limit: Int) throws(SpoolError) -> ([SpooledMessage], SpoolPosition)
    {
        var messages: [SpooledMessage] = []
        var at = position
        var size = 0
        while size < limit {
            guard let index = segments.firstIndex(where: { $0.number >= at.segment }) else { break }
            let segment = segments[index]
            if segment.number > at.segment { at = SpoolPosition(segment: segment.number, offset: 0) }
            guard at.offset < segment.durable else {
                guard index + 1 < segments.count else { break }
                at = SpoolPosition(segment: segments[index + 1].number, offset: 0)
                continue
            }
            let payload: [UInt8]
            do throws(SpoolError) {
                let place = at
                payload = try self.payload(at: &at, in: segment)
                if !failedAt.isEmpty { failedAt[place] = nil }
            } catch {
                if giveUp(at, index, error) { continue }
                if messages.isEmpty { throw error }
                break
            }
            size += payload.count + Frame.overhead
            guard let batch = Self.batch(payload) else { continue }
            for (index, message) in batch.messages.enumerated() {
                messages.append(
                    SpooledMessage(
                        message: message, epoch: segment.epoch, sequence: batch.sequences[index],
                        partitions: partitions[segment.epoch]))
            }
        }
        return (messages, at)
    }

    /// Takes note that a place cannot be read. Returns whether the rest of its segment is given up like any damage, which it
    /// is after a few tries: it is stepped over, and the readings in it are not believed.
    private mutating func giveUp(_ place: SpoolPosition, _ index: Int, _ error: SpoolError) -> Bool {
        guard error.isDamage else { return false }
        failedAt[place, default: 0] += 1
        guard failedAt[place, default: 0] >= Self.readTries else { return false }
        failedAt[place] = nil
        counters.quarantined += 1
        givenUp.append(error)
        segments[index].durable = place.offset
        if index == segments.count - 1 { isOpen = false }
        let lost = chains.filter { $0.value.places.contains { $0.segment == place.segment && $0 >= place } }
        breakChains(Set(lost.keys))
        return true
    }

    static func batch(_ payload: [UInt8]) -> SpoolBatch? {
        var reader = ByteReader(payload)
        guard let kind = try? reader.varint(), kind == UInt64(SegmentRecord.batch) else { return nil }
        return try? SpoolBatch(from: &reader)
    }

    /// The payload of the frame at a place, which moves behind it; empty for a damaged stretch.
    private mutating func payload(at place: inout SpoolPosition, in segment: Segment) throws(SpoolError) -> [UInt8] {
        let head = try files.read(segment.name, at: place.offset, count: Frame.overhead)
        if let length = Frame.length(head), place.offset + Frame.overhead + length <= segment.durable {
            let payload = try files.read(segment.name, at: place.offset + Frame.overhead, count: length)
            if payload.count == length, CRC32C.checksum(payload) == Frame.checksum(head) {
                place.offset += Frame.overhead + length
                return payload
            }
        }
        let rest = try files.read(segment.name, at: place.offset, count: segment.durable - place.offset)
        counters.quarantined += 1
        place.offset = Frame.next(in: rest, from: 1).map { place.offset + $0 } ?? segment.durable
        return []
    }

    /// The records of a state in their order, as of the last commit; `nil` when none is known.
    mutating func recover(_ name: String) throws(SpoolError) -> [[UInt8]]? {
        guard let chain = chains[name] else { return nil }
        var records: [[UInt8]] = []
        for place in chain.places {
            guard let segment = segments.first(where: { $0.number == place.segment }), place.offset < segment.durable
            else { return nil }
            var at = place
            guard let batch = Self.batch(try payload(at: &at, in: segment)),
                let state = batch.states.last(where: { $0.name == name })
            else { return nil }
            records += state.records
        }
        return records
    }

    /// The time of the oldest message that is not acknowledged (µs UTC).
    mutating func oldest() -> Int64? {
        var at = acknowledged
        while true {
            guard let (messages, next) = try? read(from: at, limit: 1), next > at else { break }
            if let first = messages.first { return first.message.time }
            at = next
        }
        return queue.lazy.compactMap { $0.batch.messages.first?.time }.first
    }
}
