import Codec
import Kafka

/// Makes a dead letter of a record, and a record of a dead letter.
enum DeadLetters {
    static func letter(_ record: borrowing KafkaRecord, _ bad: BatchPlan.Bad, now: Int64) -> DeadLetter {
        DeadLetter(
            reason: bad.reason, detail: bad.detail, topic: record.topic, partition: record.partition,
            offset: record.offset, key: record.keyBytes(), headers: record.headers.map { Header($0.name, $0.value) },
            value: record.valueBytes(), consumer: Writer.group, time: now)
    }

    /// The record of at most `limit` bytes for the dead letter topic, under the original's key.
    static func record(_ letter: DeadLetter, topic: String, limit: Int) -> ProducerRecord {
        let letter = letter.record(limit: limit)
        return ProducerRecord(topic: topic, key: letter.key, value: letter.value, headers: letter.headers)
    }
}
