import Codec
import Kafka

/// Makes a dead letter of a record.
enum DeadLetters {
    /// More of a payload is not kept: the letter itself must fit in a message.
    static let payloadLimit = 800_000

    /// The record for the dead letter topic, under the original's key.
    static func record(
        _ record: borrowing KafkaRecord, _ bad: BatchPlan.Bad, topic: String, now: Int64
    ) -> ProducerRecord {
        var value = record.valueBytes()
        var detail = bad.detail
        if let count = value?.count, count > payloadLimit {
            value = Array(value?.prefix(payloadLimit) ?? [])
            detail += " (cut from \(count) bytes)"
        }
        let key = record.keyBytes()
        let letter = DeadLetter(
            reason: bad.reason, detail: detail, topic: record.topic, partition: record.partition, offset: record.offset,
            key: key, headers: record.headers.map { Header($0.name, $0.value) }, value: value,
            consumer: Writer.group, time: now)
        let envelope = Envelope(
            Topics.deadletter,
            stream: StreamName(
                producer: Writer.group, topic: Topics.deadletter.name, key: String(decoding: key ?? [], as: UTF8.self)),
            identity: "\(record.topic)/\(record.partition)/\(record.offset)", time: now)
        return ProducerRecord(topic: topic, key: key ?? [], value: letter.encoded(), headers: envelope.headers)
    }
}
