import Codec
import Kafka

/// Publishes what could not be used, and returns when Kafka has it.
protocol DeadLetters: Sendable {
    func publish(_ letters: [DeadLetter]) async throws
}

/// Dead letters on their topic.
struct KafkaDeadLetters: DeadLetters {
    let producer: LastingProducer
    let topic: String

    func publish(_ letters: [DeadLetter]) async throws {
        let limit = min(producer.messageLimit, Topics.deadletter.maxMessageBytes)
        let records = letters.map { letter in
            let record = letter.record(limit: limit)
            return ProducerRecord(topic: topic, key: record.key, value: record.value, headers: record.headers)
        }
        // Not advanced before it is acknowledged: a dead letter that is lost is a message lost.
        if let error = await producer.send(records).compactMap({ $0 }).first { throw error }
    }
}
