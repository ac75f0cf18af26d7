import Codec
import Kafka

/// What is to be done with a run of records: made without any I/O, from the records and the ledger.
struct BatchPlan: Sendable {
    /// A message to store.
    struct Item: Sendable {
        /// Its place in the batch.
        let index: Int
        let input: Input
    }

    /// A message for the dead letters.
    struct Bad: Sendable {
        let index: Int
        let reason: String
        let detail: String
    }

    private(set) var items: [Item] = []
    private(set) var bad: [Bad] = []
    private(set) var gaps: [StreamLedger.Gap] = []
    private(set) var duplicates = 0
    /// Tables that came later than what is kept; their streams and offsets move on.
    private(set) var expired = 0
    /// The next offset of every partition when this is done.
    private(set) var next: [TopicPartition: Int64] = [:]
    /// Partitions that wait, from an offset on.
    private(set) var held: [TopicPartition: (offset: Int64, reason: String)] = [:]
    /// The places in the batch that this covers.
    private(set) var range: Range<Int>
    /// Payload bytes of the items.
    private(set) var bytes = 0

    /// Plans the records from `start` on, until so many bytes of payload are in it.
    ///
    /// - Parameters:
    ///   - condemned: places that the database has refused: bad data, for the reason given.
    ///   - stored: next offsets that are committed: what is before them was dealt with in an earlier attempt.
    ///   - held: partitions that wait already.
    init(
        _ batch: borrowing RecordBatch, from start: Int, to end: Int, byteLimit: Int, topics: InputTopics,
        bounds: TimeBounds, now: Int64, condemned: [Int: String], stored: [TopicPartition: Int64?],
        held waiting: [TopicPartition: (offset: Int64, reason: String)], ledger: inout StreamLedger
    ) {
        held = waiting
        range = start..<start
        ledger.begin()
        var index = start
        while index < end && (bytes < byteLimit || index == start) {
            let place = index
            batch.withRecord(at: place) { record in
                if let next = stored[record.topicPartition] ?? nil, record.offset < next { return }
                take(record, place, topics, bounds, now, condemned[place], &ledger)
            }
            index += 1
        }
        range = start..<index
    }

    private mutating func take(
        _ record: borrowing KafkaRecord, _ place: Int, _ topics: InputTopics, _ bounds: TimeBounds, _ now: Int64,
        _ verdict: String?, _ ledger: inout StreamLedger
    ) {
        let partition = record.topicPartition
        if held[partition] != nil { return }
        if topics.isTombstone(record) {
            next[partition] = record.offset + 1
            return
        }
        do throws(Refusal) {
            let (envelope, topic) = try topics.envelope(of: record)
            var stream: (StreamKey, UInt64)?
            if topic.sequenced { stream = try Self.stream(envelope, partition) }
            if let verdict { throw .bad(reason: "refused_by_database", detail: verdict) }
            // A duplicate is not even decoded; a bad message must not move its stream, so it is decoded first.
            let input = try topics.decode(record)
            let isExpired = try Self.isExpired(input, bounds, now)
            if let (key, sequence) = stream {
                switch ledger.see(key, sequence: sequence, time: Self.time(input) ?? envelope.time) {
                case .new: break
                case .newAfterGap(let gap): gaps.append(gap)
                case .duplicate:
                    duplicates += 1
                    next[partition] = record.offset + 1
                    return
                }
            }
            if isExpired {
                expired += 1
            } else {
                items.append(Item(index: place, input: input))
                bytes += record.byteCount
            }
            next[partition] = record.offset + 1
        } catch {
            switch Refusal(error) {
            case .newer(let reason): held[partition] = (record.offset, reason)
            case .bad(let reason, let detail):
                bad.append(Bad(index: place, reason: reason, detail: detail))
                next[partition] = record.offset + 1
            }
        }
    }

    private static func stream(
        _ envelope: Envelope, _ partition: TopicPartition
    ) throws(Refusal) -> (StreamKey, UInt64) {
        guard let name = StreamName(envelope.source) else {
            throw .bad(reason: "header_malformed", detail: "header ce_source holds '\(envelope.source)'")
        }
        guard let position = envelope.position, position.sequence <= UInt64(Int64.max) else {
            throw .bad(reason: "header_malformed", detail: "header ce_id holds '\(envelope.id)'")
        }
        let key = StreamKey(partition: partition, producer: name.producer, key: name.key, epoch: position.epoch)
        return (key, position.sequence)
    }

    private static func isExpired(_ input: Input, _ bounds: TimeBounds, _ now: Int64) throws(Refusal) -> Bool {
        guard case .table(let table) = input else { return false }
        if table.instance.isEmpty { throw .bad(reason: "instance_missing", detail: "the table names no instance") }
        if table.family.isEmpty { throw .bad(reason: "family_missing", detail: "the table names no family") }
        switch bounds.verdict(on: table.time, now: now) {
        case .fits: return false
        case .expired: return true
        case .absurd(let detail): throw .bad(reason: "time_out_of_bounds", detail: detail)
        }
    }

    private static func time(_ input: Input) -> Int64? {
        switch input {
        case .table(let table): table.time
        case .collector(let status): status.time
        default: nil
        }
    }
}
