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
    var dead: [DeadLetter] = []
    /// Where a partition's first message of a newer version stands, and what it says.
    var held: [TopicPartition: (offset: Int64, reason: String)] = [:]
    /// The next offset of each partition.
    var next: [TopicPartition: Int64] = [:]
    /// Messages looked at.
    var count = 0

    /// Reads a batch of the topic `samples`.
    init(_ batch: borrowing RecordBatch, now: Int64) {
        batch.forEach { record in
            let partition = record.topicPartition
            guard held[partition] == nil else { return }
            count += 1
            do {
                received.append(try Self.read(record))
                next[partition] = record.offset + 1
            } catch let error as EnvelopeError {
                if case .newerVersion = error {
                    held[partition] = (record.offset, error.description)
                    next[partition] = record.offset
                    return
                }
                bury(record, reason: error.code, detail: error.description, now: now)
            } catch let error as WireError {
                bury(record, reason: error.code.rawValue, detail: error.description, now: now)
            } catch let error as Refusal {
                bury(record, reason: error.code, detail: error.description, now: now)
            } catch {
                bury(record, reason: "unusable", detail: "\(error)", now: now)
            }
        }
    }

    private static func read(_ record: borrowing KafkaRecord) throws -> Received {
        let envelope = try Envelope(headers: record.headers, supported: Topics.samples.version)
        guard envelope.type == Table.name else {
            throw Refusal(code: "type", description: "a \(envelope.type) where \(Table.name) is expected")
        }
        guard let position = envelope.position else {
            throw EnvelopeError.malformed(header: Envelope.Name.id, value: envelope.id)
        }
        guard let value = record.value else {
            throw Refusal(code: "payload_missing", description: "the message has no payload")
        }
        let table = try Table.decode(value)
        try Plausible.check(envelope)
        try Plausible.check(table)
        return Received(
            partition: record.topicPartition, stream: envelope.source, epoch: position.epoch,
            sequence: position.sequence, table: table)
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
