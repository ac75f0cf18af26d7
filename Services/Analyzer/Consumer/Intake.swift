import Codec
import Kafka

/// What a batch holds, taken apart: the usable messages in order, the unusable ones as they came, and where a partition
/// has to wait for a newer binary.
struct Intake: Sendable {
    /// A sample table, and where it stood.
    struct Received: Sendable {
        let partition: TopicPartition
        let stream: String
        let epoch: String
        let sequence: UInt64
        let table: Table
    }

    var received: [Received] = []
    /// Texts of statements, by which people know them.
    var texts: [StatementText] = []
    var dead: [DeadLetter] = []
    /// Where a partition's first message of a newer version stands, and what it says.
    var held: [TopicPartition: (offset: Int64, reason: String)] = [:]
    /// The next offset of each partition.
    var next: [TopicPartition: Int64] = [:]
    /// Messages looked at.
    var count = 0

    /// Reads a batch of the topics `samples` and `statements`.
    init(_ batch: borrowing RecordBatch, names: AnalyzerTopics, now: Int64) {
        batch.forEach { record in
            let partition = record.topicPartition
            guard held[partition] == nil else { return }
            count += 1
            do {
                if record.topic == names.statements {
                    if let text = try Self.readText(record) { texts.append(text) }
                } else {
                    received.append(try Self.read(record))
                }
                next[partition] = record.offset + 1
            } catch {
                switch Refusal(error) {
                case .newer(let reason):
                    held[partition] = (record.offset, reason)
                    next[partition] = record.offset
                case .bad(let reason, let detail):
                    bury(record, reason: reason, detail: detail, now: now)
                }
            }
        }
    }

    private static func read(_ record: borrowing KafkaRecord) throws -> Received {
        let envelope = try Topics.samples.erased.envelope(headers: record.headers)
        guard let position = envelope.position else {
            throw EnvelopeError.malformed(header: Envelope.Name.id, value: envelope.id)
        }
        guard let value = record.value else {
            throw Refusal.bad(reason: "payload_missing", detail: "the message has no payload")
        }
        let table = try Table.decode(value)
        try Plausible.check(envelope)
        try Plausible.check(table)
        return Received(
            partition: record.topicPartition, stream: envelope.source, epoch: position.epoch,
            sequence: position.sequence, table: table)
    }

    /// A statement's text; nil for one that was taken back (a compacted topic has tombstones).
    private static func readText(_ record: borrowing KafkaRecord) throws -> StatementText? {
        guard let value = record.value else { return nil }
        _ = try Topics.statements.erased.envelope(headers: record.headers)
        let statement = try Statement.decode(value)
        try Plausible.check(statement.name, "the name", longest: Plausible.longestKey)
        try Plausible.check(statement.text, "the text")
        return StatementText(name: statement.name, text: statement.text)
    }

    private mutating func bury(_ record: borrowing KafkaRecord, reason: String, detail: String, now: Int64) {
        next[record.topicPartition] = record.offset + 1
        dead.append(
            DeadLetter(
                reason: reason, detail: detail, topic: record.topic, partition: record.partition,
                offset: record.offset, key: record.keyBytes(),
                headers: record.headers.map { Header($0.name, $0.value) }, value: record.valueBytes(),
                consumer: "analyzer", time: now))
    }
}

/// The beginning of a statement's text, enough to know it by.
struct StatementText: Sendable, Equatable {
    static let longest = 300

    let name: String
    let text: String

    init(name: String, text: String) {
        self.name = name
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        self.text = line.count > Self.longest ? line.prefix(Self.longest) + "…" : line
    }
}

/// The topics that the analyzer reads, by their names in the cluster.
struct AnalyzerTopics: Sendable {
    let samples: String
    let statements: String

    init(prefix: String) {
        samples = Topics.samples.fullName(prefix: prefix)
        statements = Topics.statements.fullName(prefix: prefix)
    }

    /// What is subscribed to.
    var all: [String] { [samples, statements] }
}
