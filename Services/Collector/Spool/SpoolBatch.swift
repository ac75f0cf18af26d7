/// A message on its way to Kafka.
struct SpoolMessage: Equatable, Sendable {
    /// The topic's name without prefix.
    var topic: String
    var key: String
    /// The type of the payload, and its version.
    var type: String
    var version: Int
    /// Microseconds UTC.
    var time: Int64
    /// Whether the message gets a number in its stream; compacted topics have none.
    var sequenced: Bool
    var payload: [UInt8]
}

/// A piece of the collector's state that must be as durable as the messages made from it.
struct SpoolState: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        /// All of it.
        case full = 1
        /// What changed since the record before.
        case increment = 2
        /// It is not known any more.
        case cleared = 3
        /// A full record and its increments, copied out of a segment that goes.
        case chain = 4
    }

    var name: String
    var kind: Kind
    /// The records: one, or several for a chain.
    var records: [[UInt8]]
    /// How many records precede this one in its chain; a chain with a hole is worth nothing.
    var index = 0
}

/// What becomes durable together or not at all: the messages of a cycle and the readings that they were taken from.
struct SpoolBatch: Equatable, Sendable {
    var messages: [SpoolMessage] = []
    var states: [SpoolState] = []
    /// The number of each message in its stream; 0 for one that has none.
    var sequences: [UInt64] = []

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(
            messages.reduce(256) { $0 + $1.payload.count + 128 }
                + states.reduce(0) { $0 + $1.records.reduce(64) { $0 + $1.count + 8 } })
        writer.varint(UInt64(SegmentRecord.batch))
        writer.count(messages.count)
        for (index, message) in messages.enumerated() {
            writer.string(message.topic)
            writer.string(message.key)
            writer.string(message.type)
            writer.count(message.version)
            writer.zigzag(message.time)
            writer.varint(sequences[index])
            writer.block(message.payload)
        }
        writer.count(states.count)
        for state in states {
            writer.string(state.name)
            writer.varint(UInt64(state.kind.rawValue))
            writer.count(state.index)
            writer.count(state.records.count)
            for record in state.records { writer.block(record) }
        }
        return writer.bytes
    }

    init(messages: [SpoolMessage] = [], states: [SpoolState] = []) {
        self.messages = messages
        self.states = states
    }

    init(from reader: inout ByteReader) throws(MalformedBytes) {
        for _ in 0..<(try reader.count()) {
            let topic = try reader.string()
            let key = try reader.string()
            let type = try reader.string()
            let version = try reader.varint()
            let time = try reader.zigzag()
            let sequence = try reader.varint()
            messages.append(
                SpoolMessage(
                    topic: topic, key: key, type: type, version: Int(truncatingIfNeeded: version), time: time,
                    sequenced: sequence > 0, payload: try reader.block()))
            sequences.append(sequence)
        }
        for _ in 0..<(try reader.count()) {
            let name = try reader.string()
            guard let kind = SpoolState.Kind(rawValue: UInt8(truncatingIfNeeded: try reader.varint())) else {
                throw MalformedBytes(offset: reader.at)
            }
            let index = Int(truncatingIfNeeded: try reader.varint())
            var records: [[UInt8]] = []
            for _ in 0..<(try reader.count()) { records.append(try reader.block()) }
            states.append(SpoolState(name: name, kind: kind, records: records, index: index))
        }
    }
}

/// The kinds of payload in a segment.
enum SegmentRecord {
    static let header = 1
    static let batch = 2
}

/// What begins each segment: everything that must be known when the segments before it are gone.
struct SegmentHeader: Equatable {
    /// 128 random bits in hexadecimal digits.
    var epoch: String
    /// The last number of each stream in this epoch.
    var sequences: [String: UInt64]
    /// How many partitions the epoch's numbered messages are spread over, where that is known.
    var partitions: Int?

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.varint(UInt64(SegmentRecord.header))
        writer.string(epoch)
        writer.count(sequences.count)
        for (stream, sequence) in sequences {
            writer.string(stream)
            writer.varint(sequence)
        }
        writer.count(partitions ?? 0)
        return writer.bytes
    }

    init(epoch: String, sequences: [String: UInt64], partitions: Int? = nil) {
        self.epoch = epoch
        self.sequences = sequences
        self.partitions = partitions
    }

    init(from reader: inout ByteReader) throws(MalformedBytes) {
        epoch = try reader.string()
        sequences = [:]
        for _ in 0..<(try reader.count()) {
            let stream = try reader.string()
            sequences[stream] = try reader.varint()
        }
        // Versions before it was remembered end here.
        let count = reader.isAtEnd ? 0 : Int(truncatingIfNeeded: try reader.varint())
        partitions = count > 0 ? count : nil
    }
}
