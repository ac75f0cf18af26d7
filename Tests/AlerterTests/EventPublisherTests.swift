import Codec
import Runtime
import Support
import Testing

@testable import Alerter
@testable import Kafka

/// Alert events on their way to Kafka.
@Suite(.postgres, .serialized) struct EventPublisherTests {
    private let logger = Logger(service: "test", sink: { _ in })

    private func event(_ number: Int, detail: String = "") -> EventNote {
        var alert = Alert(
            fingerprint: "f\(number)", rule: "R", instance: "x", labels: [:], annotations: ["text": detail], value: 1,
            at: 1)
        alert.startsAt = 1
        return EventNote(.init(step: .firing, alert: alert, time: 1))
    }

    private func identities(_ records: [TopicReader.Record]) throws -> [String] {
        try records.map { try AlertEvent.decode($0.value ?? []).fingerprint }
    }

    @Test(.timeLimit(.minutes(1))) func `An event that Kafka will never take is left out, and the others arrive once`()
        async throws
    {
        let fixture = try await AlerterFixture()
        await fixture.stop()
        let topic = Topics.alerts.fullName()
        let cluster = try MockCluster(brokers: 1, topics: [(name: topic, partitions: 1)])
        defer { cluster.close() }
        let settings = KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test")
        let producer = try LastingProducer(
            settings, messageLimit: 1 << 20, logger: logger, metrics: MetricRegistry())
        let metrics = AlerterMetrics(MetricRegistry())
        let large = String(repeating: "x", count: 2 << 20)
        fixture.desk.with { engine in
            for number in 0..<4 { engine.add(event(number, detail: number == 0 ? large : "")) }
        }
        let publisher = EventPublisher(
            desk: fixture.desk, keeper: fixture.keeper, producer: producer, topic: topic, bell: Bell(), logger: logger,
            metrics: metrics)
        let shutdown = Shutdown()
        let task = Task { await publisher.run(until: shutdown) }
        let reader = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: [topic])
        _ = await reader.wait(for: 3)
        try await Task.sleep(for: .milliseconds(1_500))
        #expect(try identities(reader.records) == ["f1", "f2", "f3"])
        #expect(metrics.refusedEvents.value == 1 && metrics.published.value == 3)
        #expect(fixture.desk.with { $0.events.isEmpty })
        shutdown.request()
        await task.value
        await reader.stop()
        await producer.close(within: .seconds(5))
    }

    @Test(.timeLimit(.minutes(1))) func `A producer that failed for good is replaced, for events and dead letters`()
        async throws
    {
        let (events, letters) = (Topics.alerts.fullName(), Topics.deadletter.fullName())
        let cluster = try MockCluster(
            brokers: 1, topics: [(name: events, partitions: 1), (name: letters, partitions: 1)])
        defer { cluster.close() }
        let producer = try LastingProducer(
            KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test"), messageLimit: 1 << 20,
            logger: logger, metrics: MetricRegistry())
        let first = producer.current
        let record = ProducerRecord(topic: events, key: [1], value: [2])
        #expect(await producer.send([record]) == [nil])
        first.core.raiseFatalError("out of step")
        let error = try #require(await producer.send([record])[0])
        #expect(!error.isFatal && error.isRetriable, "the consumer would end by it")
        #expect(producer.current !== first)
        #expect(await producer.send([record]) == [nil])
        producer.current.core.raiseFatalError("again")
        let letter = DeadLetter(
            reason: "r", detail: "d", topic: "t", partition: 0, offset: 1, key: nil, headers: [], value: nil,
            consumer: "alerter", time: 1)
        let burying = KafkaDeadLetters(producer: producer, topic: letters)
        #expect(await burying.publish([letter]).map { $0 == nil } == [false])
        #expect(await burying.publish([letter]).map { $0 == nil } == [true])
        await producer.close(within: .seconds(5))
        #expect(await producer.send([record])[0]?.code == .closed)
    }

    @Test func `A label of a table is short, whatever the table carries`() throws {
        var builder = TableBuilder(family: .lockWaits, instance: "x", collector: "c", serverVersion: 170_000)
        builder.set(try #require(builder.column("pid")), Int64(1))
        builder.set(try #require(builder.column("username")), String(repeating: "u\u{301}", count: 20_000))
        builder.set(try #require(builder.column("waiting")), Int64(9_000_000))
        builder.endRow()
        let rules = try RuleFile.parse(ShippedRules.text, name: "shipped", catalogue: .codec).rules
        let reader = SeriesReader(names: Set(rules.flatMap(\.seriesNames)))
        let samples = try #require(reader.samples(try Table.decode(builder.finish(time: 1, interval: 0).encoded())))
        let labels = samples.values.flatMap { $0 }.flatMap { $0.labels.values }
        #expect(!labels.isEmpty && labels.allSatisfy { $0.unicodeScalars.count <= SeriesReader.longest + 1 })
    }
}
