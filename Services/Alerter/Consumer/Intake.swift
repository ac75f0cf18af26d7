import Codec
import Kafka

/// What a batch holds, taken apart: the usable messages in order, the unusable ones as they came, and where a partition
/// has to wait for a newer binary.
struct Intake: Sendable {
    enum Content: Sendable {
        case table(Table)
        case finding(Finding)
        case status(CollectorStatus)
    }

    /// A message, and where it stood.
    struct Received: Sendable {
        let partition: TopicPartition
        let stream: String
        /// nil on a topic whose messages are known by identity.
        let position: (epoch: String, sequence: UInt64)?
        let content: Content
    }

    var received: [Received] = []
    var dead: [DeadLetter] = []
    /// Where a partition's first message of a newer version stands, and what it says.
    var held: [TopicPartition: (offset: Int64, reason: String)] = [:]
    /// The next offset of each partition.
    var next: [TopicPartition: Int64] = [:]
    /// Messages looked at.
    var count = 0

    /// Reads a batch.
    init(_ batch: borrowing RecordBatch, names: AlerterTopics, now: Int64) {
        batch.forEach { record in
            let partition = record.topicPartition
            guard held[partition] == nil else { return }
            count += 1
            do {
                received.append(try Self.read(record, names))
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

    private static func read(_ record: borrowing KafkaRecord, _ names: AlerterTopics) throws -> Received {
        guard let topic = names.topic(record.topic) else {
            throw Refusal.bad(reason: "topic", detail: "nothing is known of this topic")
        }
        let envelope = try topic.envelope(headers: record.headers)
        var position: (epoch: String, sequence: UInt64)?
        if topic.sequenced {
            guard let found = envelope.position else {
                throw EnvelopeError.malformed(header: Envelope.Name.id, value: envelope.id)
            }
            position = found
        }
        guard let value = record.value else {
            throw Refusal.bad(reason: "payload_missing", detail: "the message has no payload")
        }
        try Plausible.check(envelope)
        let content: Content
        switch topic.name {
        case Topics.samples.name:
            let table = try Table.decode(value)
            try Plausible.check(table)
            content = .table(table)
        case Topics.findings.name:
            let finding = try Finding.decode(value)
            try Plausible.check(finding)
            content = .finding(finding)
        default:
            let status = try CollectorStatus.decode(value)
            try Plausible.check(status.collector, "the collector")
            content = .status(status)
        }
        return Received(
            partition: record.topicPartition, stream: envelope.source, position: position, content: content)
    }

    private mutating func bury(_ record: borrowing KafkaRecord, reason: String, detail: String, now: Int64) {
        next[record.topicPartition] = record.offset + 1
        dead.append(
            DeadLetter(
                reason: reason, detail: detail, topic: record.topic, partition: record.partition,
                offset: record.offset, key: record.keyBytes(),
                headers: record.headers.map { Header($0.name, $0.value) }, value: record.valueBytes(),
                consumer: "alerter", time: now))
    }
}

/// The topics that the alerter reads, by their names in the cluster.
struct AlerterTopics: Sendable {
    private let known: [String: AnyTopic]

    init(prefix: String) {
        let topics = [Topics.samples.erased, Topics.findings.erased, Topics.collectors.erased]
        known = Dictionary(uniqueKeysWithValues: topics.map { ($0.fullName(prefix: prefix), $0) })
    }

    /// What is subscribed to.
    var all: [String] { known.keys.sorted() }

    func topic(_ fullName: String) -> AnyTopic? { known[fullName] }
}
