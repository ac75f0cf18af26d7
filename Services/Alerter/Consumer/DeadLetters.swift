import Codec
import Kafka

/// Publishes what could not be used, and returns when Kafka has it, or why it has it not: nil for each that it has.
protocol DeadLetters: Sendable {
    func publish(_ letters: [DeadLetter]) async -> [(any Error)?]
}

/// Dead letters on their topic.
struct KafkaDeadLetters: DeadLetters {
    let producer: LastingProducer
    let topic: String

    func publish(_ letters: [DeadLetter]) async -> [(any Error)?] {
        let limit = min(producer.messageLimit, Topics.deadletter.maxMessageBytes)
        let records = letters.map { letter in
            let record = letter.record(limit: limit)
            return ProducerRecord(topic: topic, key: record.key, value: record.value, headers: record.headers)
        }
        return await producer.send(records)
    }
}
