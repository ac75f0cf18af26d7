import Codec
import Kafka

/// Publishes what could not be used, and returns when Kafka has it, or why it has it not: nil for each that it has.
protocol DeadLetters: Sendable {
    func publish(_ letters: [DeadLetter]) async -> [(any Error)?]
}

/// Dead letters on their topic.
struct KafkaDeadLetters: DeadLetters {
    let producer: KafkaProducer
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

/// Buries messages once each, though their batch may come again.
struct Burial: Sendable {
    private struct Place: Hashable {
        let partition: TopicPartition
        let offset: Int64

        init(_ letter: DeadLetter) {
            partition = TopicPartition(topic: letter.topic, partition: letter.partition)
            offset = letter.offset
        }
    }

    /// Dead letters that were acknowledged, and whose batch is not done with.
    private var published: Set<Place> = []

    /// Publishes those that are not there yet, and throws while one is not: a dead letter that is lost is a message lost,
    /// so that nothing is passed before it is acknowledged.
    mutating func publish(_ letters: [DeadLetter], by publisher: any DeadLetters) async throws {
        let new = letters.filter { !published.contains(Place($0)) }
        guard !new.isEmpty else { return }
        let errors = await publisher.publish(new)
        for (letter, error) in zip(new, errors) where error == nil { published.insert(Place(letter)) }
        if let error = errors.compactMap({ $0 }).first { throw error }
    }

    /// The batch is done with, and does not come again.
    mutating func passed(_ letters: [DeadLetter]) {
        for letter in letters { published.remove(Place(letter)) }
    }
}
