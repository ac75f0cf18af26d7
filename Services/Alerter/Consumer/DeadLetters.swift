import Codec
import Kafka

/// Publishes what could not be used, and returns when Kafka has it.
protocol DeadLetters: Sendable {
    func publish(_ letters: [DeadLetter]) async throws
}

/// Dead letters on their topic.
struct KafkaDeadLetters: DeadLetters {
    let producer: KafkaProducer
    let topic: String

    func publish(_ letters: [DeadLetter]) async throws {
        guard !letters.isEmpty else { return }
        let records = letters.map(Self.fitting).map { letter in
            let key = letter.key ?? []
            let envelope = Envelope(
                Topics.deadletter,
                stream: StreamName(
                    producer: "alerter", topic: Topics.deadletter.name, key: String(decoding: key, as: UTF8.self)),
                identity: "alerter/\(letter.topic)/\(letter.partition)/\(letter.offset)", time: letter.time)
            return ProducerRecord(topic: topic, key: key, value: letter.encoded(), headers: envelope.headers)
        }
        // Not advanced before it is acknowledged: a dead letter that is lost is a message lost.
        if let error = await producer.send(records).compactMap({ $0 }).first { throw error }
    }

    /// A message as large as a topic allows does not fit into another: its end is cut off, and the letter says so.
    private static func fitting(_ letter: DeadLetter) -> DeadLetter {
        let limit = 900_000
        guard let value = letter.value, value.count > limit else { return letter }
        var cut = letter
        cut.value = Array(value.prefix(limit))
        cut.detail += " (the first \(limit) of \(value.count) bytes are kept)"
        return cut
    }
}
