import Codec
import Kafka
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// Messages that a service cannot use: a newer producer's are waited for, broken ones go to the dead letters, and
    /// everything else goes on.
    @Suite(.serialized) struct BadMessageTests {
        @Test(arguments: Broker.mockAndReal)
        func `A newer version holds its partition, broken messages go to the dead letters, the others go on`(
            _ broker: Broker
        ) async throws {
            try await World.with(broker) { world in
                try await world.cycles()
                let reader = TopicReader(
                    bootstrapServers: world.stack.bootstrapServers,
                    topics: ["pganalytics.samples", "pganalytics.deadletter"])
                let real = try #require(
                    await reader.wait(for: 1).first { $0.topic == "pganalytics.samples" && $0.value?.isEmpty == false })
                let held = (real.partition + 1) % 24, broken = (real.partition + 2) % 24
                try await world.produce([
                    Self.copy(real, key: "newer", partition: held) { $0.version = 99 },
                    // What comes after it waits as well, for it may rest on it.
                    Self.copy(real, key: "newer", partition: held) { $0.id = "after.1" },
                    Self.copy(real, key: "cut", partition: broken, value: real.value?.dropLast(7)),
                    ProducerRecord(
                        topic: real.topic, key: Array("noise".utf8),
                        value: (0..<300).map { _ in UInt8.random(in: 0...255) },
                        headers: [], partition: broken),
                    Self.copy(
                        real, key: "noise", partition: broken, value: (0..<300).map { _ in UInt8.random(in: 0...255) }),
                ])

                try await waitFor("three dead letters in api.dead_letters", within: .seconds(30)) {
                    try await world.stored("SELECT count(*) FROM api.dead_letters WHERE partition = \(broken)") == 3
                        ? true : nil
                }
                try await waitFor("the partition to be held", within: .seconds(30)) {
                    await world.metric("writer_held_partitions", of: "writer") == 1 ? true : nil
                }
                // The others go on, and what waits is neither stored nor passed.
                try await world.cycles(3)
                #expect(
                    try await world.stored(
                        "SELECT count(*) FROM api.ingest WHERE topic LIKE '%samples' AND partition = \(held) AND next_offset > 0"
                    ) == 0)
                #expect(try await world.stored("SELECT count(*) FROM api.dead_letters") == 3)
                #expect(try await world.stored("SELECT count(*) FROM api.gaps") == 0)

                // One line of each consumer that says what waits, where, and what to do.
                for service in ["writer", "analyzer", "alerter"] {
                    let lines = world.log(of: service).filter { $0.contains("version 99") }
                    #expect(lines.count == 1, "\(service): \(lines)")
                    #expect(
                        lines.allSatisfy { $0.contains("\(held)") && $0.contains("upgrade") }, "\(service): \(lines)")
                }

                // The letters carry what came, where from and why.
                try await waitFor("the dead letters on their topic", within: .seconds(20)) {
                    Self.letters(reader).count { $0.consumer == "pganalytics-writer" } == 3
                        ? true : nil
                }
                for letter in Self.letters(reader) {
                    #expect(letter.topic == "pganalytics.samples" && letter.partition == broken)
                    #expect(!letter.reason.isEmpty && !letter.detail.isEmpty && letter.value?.isEmpty == false)
                }
                await reader.stop()
                #expect(world.stack.supervisor.restarts == 0)
            }
        }

        @Test(arguments: Broker.mockAndReal)
        func `A bad message as large as its topic allows is whole in the dead letters, and a larger one is cut`(
            _ broker: Broker
        ) async throws {
            try await World.with(broker) { world in
                try await world.cycles()
                let topic = Topics.samples.fullName()
                let (key, header) = ([UInt8](repeating: 107, count: 2_000), [UInt8](repeating: 9, count: 30_000))
                // Noise, for what can be compressed is small when it comes to a broker.
                let room = Topics.samples.maxMessageBytes - key.count - header.count - 128
                let whole = (0..<room).map { _ in UInt8.random(in: 0...255) }
                let larger = [UInt8](repeating: 0xFF, count: 5 << 20)
                try await world.produce(
                    [whole, larger].map {
                        ProducerRecord(topic: topic, key: key, value: $0, headers: [("origin", header)])
                    }, messageLimit: 6 << 20)
                let reader = TopicReader(
                    bootstrapServers: world.stack.bootstrapServers, topics: ["pganalytics.deadletter"])
                try await waitFor("two dead letters of each consumer", within: .seconds(40)) {
                    Self.letters(reader).count == 6 ? true : nil
                }
                for consumer in ["pganalytics-writer", "analyzer", "alerter"] {
                    let letters = Self.letters(reader).filter { $0.consumer == consumer }
                    try #require(letters.count == 2, "\(consumer)")
                    #expect(letters.allSatisfy { $0.key == key && $0.headers == [Header("origin", header)] })
                    #expect(letters[0].value == whole, "\(consumer): \(letters[0].detail)")
                    let kept = letters[1].value?.count ?? 0
                    #expect((2_050_000..<larger.count).contains(kept))
                    #expect(letters[1].detail.hasSuffix("(the first \(kept) of \(larger.count) bytes are kept)"))
                }
                await reader.stop()
                #expect(world.stack.supervisor.restarts == 0)
            }
        }

        private static func letters(_ reader: TopicReader) -> [DeadLetter] {
            reader.records.filter { $0.topic == "pganalytics.deadletter" }.compactMap {
                try? DeadLetter.decode($0.value ?? [])
            }
        }

        /// The same message as another producer's, of a stream of its own.
        private static func copy(
            _ real: TopicReader.Record, key: String, partition: Int32, value: [UInt8]? = nil,
            _ change: (inout Envelope) -> Void = { _ in }
        ) throws -> ProducerRecord {
            var envelope = try Envelope(headers: real.headers, supported: 1)
            envelope.source = StreamName(producer: "test", topic: "samples", key: key).description
            envelope.id = "test.1"
            change(&envelope)
            return ProducerRecord(
                topic: real.topic, key: Array(key.utf8), value: value ?? real.value, headers: envelope.headers,
                partition: partition)
        }
    }
}

extension World {
    /// Writes records to the broker and waits until it has them.
    func produce(_ records: [ProducerRecord], messageLimit: Int = 1 << 20) async throws {
        let producer = try KafkaProducer(
            KafkaSettings(
                bootstrapServers: stack.bootstrapServers, clientID: "test", properties: stack.options.kafkaProperties),
            messageLimit: messageLimit, logger: Logger(service: "test", level: .error), metrics: MetricRegistry())
        for error in await producer.send(records) { #expect(error == nil) }
        await producer.close(within: .seconds(5))
    }
}
