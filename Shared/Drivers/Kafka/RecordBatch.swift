import CRdkafka

/// Records as they came from Kafka, in the order they came, of one or several partitions.
///
/// It owns librdkafka's messages and frees them when it goes; their bytes are lent, never copied. It cannot be copied
/// and must be gone before its consumer is closed: a message outstanding makes `rd_kafka_destroy` hang (librdkafka's
/// INTRODUCTION, "Termination"). `ConsumerLoop` only ever lends it.
public struct RecordBatch: ~Copyable, @unchecked Sendable {
    // Unchecked because of the pointers: nobody writes through them after init, and librdkafka's messages may be read
    // and freed on any thread.

    /// A record that owns its bytes, to make a batch of without Kafka.
    public struct Owned: Sendable {
        public var topic: String
        public var partition: Int32
        public var offset: Int64
        public var timestamp: Int64
        public var key: [UInt8]?
        public var value: [UInt8]?
        public var headers: [(name: String, value: [UInt8])]

        public init(
            topic: String, partition: Int32, offset: Int64, timestamp: Int64 = -1, key: [UInt8]?, value: [UInt8]?,
            headers: [(name: String, value: [UInt8])] = []
        ) {
            self.topic = topic
            self.partition = partition
            self.offset = offset
            self.timestamp = timestamp
            self.key = key
            self.value = value
            self.headers = headers
        }
    }

    private struct Entry {
        var slot: Int  // index in `slots`
        var offset: Int64
        var timestamp: Int64
        var key: UnsafeRawBufferPointer?
        var value: UnsafeRawBufferPointer?
        var headers: KafkaRecord.HeaderSource
    }

    /// What a batch holds of one partition.
    private struct Slot {
        let partition: TopicPartition
        var first: Int64
        var last: Int64
        var count: Int
    }

    private let entries: [Entry]
    private let slots: [Slot]
    private let messages: [UnsafeMutablePointer<rd_kafka_message_t>]
    private let bytes: UnsafeMutableRawPointer?

    /// Key and value bytes of all records.
    public let byteCount: Int

    /// How many records there are.
    public var count: Int { entries.count }

    /// Takes the messages over; all of them are records (`err` was looked at, for an error's text is in the payload).
    init(taking messages: [UnsafeMutablePointer<rd_kafka_message_t>]) {
        var entries: [Entry] = []
        entries.reserveCapacity(messages.count)
        var slots: [Slot] = []
        var byteCount = 0
        var topics: [(pointer: OpaquePointer?, partition: Int32)] = []
        var slot = -1
        for message in messages {
            let record = message.pointee
            if slot < 0 || topics[slot] != (record.rkt, record.partition) {
                // Topic handles are compared by address: they stay while a message of theirs does.
                if let known = topics.firstIndex(where: { $0 == (record.rkt, record.partition) }) {
                    slot = known
                } else {
                    slot = topics.count
                    topics.append((record.rkt, record.partition))
                    slots.append(
                        Slot(
                            partition: TopicPartition(
                                topic: String(cString: rd_kafka_topic_name(record.rkt)), partition: record.partition),
                            first: record.offset, last: record.offset, count: 0))
                }
            }
            slots[slot].last = record.offset
            slots[slot].count += 1
            entries.append(
                Entry(
                    slot: slot, offset: record.offset, timestamp: rd_kafka_message_timestamp(message, nil),
                    key: record.key.map { UnsafeRawBufferPointer(start: $0, count: record.key_len) },
                    value: record.payload.map { UnsafeRawBufferPointer(start: $0, count: record.len) },
                    headers: .message(message)))
            byteCount += record.key_len + record.len
        }
        self.entries = entries
        self.slots = slots
        self.messages = messages
        self.byteCount = byteCount
        bytes = nil
    }

    /// A batch made of records at hand, for tests and tools.
    public init(_ records: [Owned]) {
        let total = records.reduce(0) { $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) }
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(total, 1), alignment: 16)
        var used = 0
        func place(_ source: [UInt8]?) -> UnsafeRawBufferPointer? {
            guard let source else { return nil }
            let target = UnsafeMutableRawBufferPointer(start: bytes + used, count: source.count)
            target.copyBytes(from: source)
            used += source.count
            return UnsafeRawBufferPointer(target)
        }
        var entries: [Entry] = []
        var slots: [Slot] = []
        for record in records {
            let partition = TopicPartition(topic: record.topic, partition: record.partition)
            let slot: Int
            if let known = slots.firstIndex(where: { $0.partition == partition }) {
                slot = known
            } else {
                slot = slots.count
                slots.append(Slot(partition: partition, first: record.offset, last: record.offset, count: 0))
            }
            slots[slot].last = record.offset
            slots[slot].count += 1
            let key = place(record.key)
            let value = place(record.value)
            entries.append(
                Entry(
                    slot: slot, offset: record.offset, timestamp: record.timestamp, key: key, value: value,
                    headers: .list(record.headers)))
        }
        self.entries = entries
        self.slots = slots
        self.bytes = bytes
        messages = []
        byteCount = total
    }

    deinit {
        for message in messages { rd_kafka_message_destroy(message) }
        bytes?.deallocate()
    }

    /// The partitions that have records here.
    public var partitions: Set<TopicPartition> { Set(slots.map(\.partition)) }

    /// The offsets of the first and last record of a partition, nil when it has none here.
    public func offsets(of partition: TopicPartition) -> ClosedRange<Int64>? {
        slots.first { $0.partition == partition }.map { $0.first...max($0.first, $0.last) }
    }

    /// The offset after the last record of each partition: where it goes on once the batch is dealt with.
    public var nextOffsets: [TopicPartition: Int64] {
        Dictionary(slots.map { ($0.partition, $0.last + 1) }, uniquingKeysWith: { max($0, $1) })
    }

    /// Lends every record in turn.
    public func forEach<E: Error>(_ body: (borrowing KafkaRecord) throws(E) -> Void) throws(E) {
        for entry in entries { try lend(entry, body) }
    }

    /// Lends every record of one partition in turn.
    public func forEach<E: Error>(
        in partition: TopicPartition, _ body: (borrowing KafkaRecord) throws(E) -> Void
    ) throws(E) {
        guard let slot = slots.firstIndex(where: { $0.partition == partition }) else { return }
        for entry in entries where entry.slot == slot { try lend(entry, body) }
    }

    /// Lends one record by its place in the batch, which must be within 0 ..< count.
    public func withRecord<R, E: Error>(
        at index: Int, _ body: (borrowing KafkaRecord) throws(E) -> R
    ) throws(E) -> R {
        try lend(entries[index], body)
    }

    private func lend<R, E: Error>(_ entry: Entry, _ body: (borrowing KafkaRecord) throws(E) -> R) throws(E) -> R {
        let partition = slots[entry.slot].partition
        let record = KafkaRecord(
            topic: partition.topic, partition: partition.partition, offset: entry.offset, timestamp: entry.timestamp,
            keyBuffer: entry.key, valueBuffer: entry.value, headerSource: entry.headers)
        return try body(record)
    }
}
