import Codec
import Postgres
import Runtime
import Support
import Testing

@testable import Analyzer
@testable import Kafka

/// The analyzer with a broker and a database: what goes in by Kafka comes out by Kafka.
@Suite(.postgres, .serialized) struct AnalyzerPipelineTests {
    private let logger = Logger(service: "test", sink: { _ in })

    private func cluster() throws -> MockCluster {
        try MockCluster(
            brokers: 1,
            topics: [Topics.samples, Topics.statements, Topics.findings, Topics.deadletter].map {
                (name: $0, partitions: 1)
            })
    }

    private enum Topics {
        static let samples = Codec.Topics.samples.fullName()
        static let statements = Codec.Topics.statements.fullName()
        static let findings = Codec.Topics.findings.fullName()
        static let deadletter = Codec.Topics.deadletter.fullName()
    }

    /// Runs the service until it is told to end.
    private func run(_ settings: AnalyzerSettings) throws -> (shutdown: Shutdown, task: Task<Int32, Never>) {
        let parts = try AnalyzerParts.build(settings, logger: logger)
        let shutdown = Shutdown()
        let logger = logger
        return (
            shutdown,
            Task { await runServices(parts.services, shutdown: shutdown, grace: .seconds(20), logger: logger) }
        )
    }

    @Test(.timeLimit(.minutes(2))) func `Samples go in, findings come out, once, also across restarts`() async throws {
        let fixture = try await AnalyzerFixture()
        let server = try #require(TestServer.current)
        let cluster = try cluster()
        defer { cluster.close() }
        let settings = try AnalyzerFixture.settings(
            url: server.url(database: fixture.database.database),
            ["kafka.bootstrap_servers": cluster.bootstrapServers, "kafka.librdkafka.session.timeout.ms": "6000"])
        let producer = try KafkaProducer(
            KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test"), logger: logger,
            metrics: MetricRegistry())
        func send(_ records: [RecordBatch.Owned]) async {
            let errors = await producer.send(
                records.map {
                    ProducerRecord(topic: Topics.samples, key: $0.key ?? [], value: $0.value, headers: $0.headers)
                })
            #expect(errors.allSatisfy { $0 == nil })
        }
        let reader = TopicReader(
            bootstrapServers: cluster.bootstrapServers, topics: [Topics.findings, Topics.deadletter])
        let broken = try fixture.cycles(20, 10) + fixture.cycles(1, 50)
        await send(broken)
        let first = try run(settings)
        var records = await reader.wait(for: 1)
        #expect(records.count == 1)
        first.shutdown.request()
        #expect(await first.task.value == 0)
        // A producer's retry and a truncated message while nobody reads, then the recovery.
        await send(broken)
        await send([fixture.owned([1, 2], broken[0].headers)])
        await send(try fixture.cycles(3, 10))
        let second = try run(settings)
        records = await reader.wait(for: 3, within: .seconds(30))
        try await Task.sleep(for: .seconds(1))
        records = reader.records
        let findings = try records.filter { $0.topic == Topics.findings }.map { try Finding.decode($0.value ?? []) }
        #expect(findings.map(\.state) == [.opened, .resolved])
        #expect(Set(findings.map(\.identity)).count == 1)
        let letters = try records.filter { $0.topic == Topics.deadletter }.map { try DeadLetter.decode($0.value ?? []) }
        #expect(letters.count == 1)
        let envelope = try Envelope(
            headers: try #require(records.first { $0.topic == Topics.findings }).headers, supported: 1)
        #expect(envelope.id == "\(findings[0].identity)/0")
        #expect(envelope.source == "analyzer/findings/x")
        second.shutdown.request()
        #expect(await second.task.value == 0)
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.outbox") == 0)
        await reader.stop()
        await producer.close(within: .seconds(5))
    }

    @Test(.timeLimit(.minutes(1))) func `What Kafka did not acknowledge stays in the outbox`() async throws {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10) + fixture.cycles(1, 50))
        let cluster = try cluster()
        defer { cluster.close() }
        let producer = try KafkaProducer(
            KafkaSettings(
                bootstrapServers: cluster.bootstrapServers, clientID: "test", properties: ["message.timeout.ms": "1500"]
            ),
            logger: logger, metrics: MetricRegistry())
        try cluster.setBroker(1, up: false)
        let shutdown = Shutdown()
        let sender = OutboxSender(
            database: fixture.database, store: AnalyzerStore(), producer: producer, topic: Topics.findings,
            poll: .milliseconds(100), timeout: .seconds(5), bell: Bell(), logger: logger,
            metrics: AnalyzerMetrics(MetricRegistry()))
        let task = Task { try await sender.run(until: shutdown) }
        try await Task.sleep(for: .seconds(3))
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.outbox") == 1)
        try cluster.setBroker(1, up: true)
        let reader = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: [Topics.findings])
        let records = await reader.wait(for: 1, within: .seconds(30))
        #expect(records.count >= 1)
        let end = ContinuousClock.now + .seconds(10)
        while try await fixture.number("SELECT count(*) FROM analyzer.outbox") != 0, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.outbox") == 0)
        shutdown.request()
        try await task.value
        await reader.stop()
        await producer.close(within: .seconds(5))
    }

    @Test(.timeLimit(.minutes(1))) func `A producer that can send nothing more ends the process`() async throws {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10) + fixture.cycles(1, 50))
        let cluster = try cluster()
        defer { cluster.close() }
        let producer = try KafkaProducer(
            KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test"), logger: logger,
            metrics: MetricRegistry())
        producer.core.raiseFatalError("out of step")
        let sender = OutboxSender(
            database: fixture.database, store: AnalyzerStore(), producer: producer, topic: Topics.findings,
            poll: .milliseconds(50), timeout: .seconds(5), bell: Bell(), logger: logger,
            metrics: AnalyzerMetrics(MetricRegistry()))
        let error = await #expect(throws: KafkaError.self) { try await sender.run(until: Shutdown()) }
        #expect(error?.isFatal == true)
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.outbox") == 1)
        await producer.close(within: .seconds(1))
    }

    @Test(.timeLimit(.minutes(1))) func `Sent and not deleted it is sent again, and known by its identifier`()
        async throws
    {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10) + fixture.cycles(1, 50))
        let cluster = try cluster()
        defer { cluster.close() }
        let producer = try KafkaProducer(
            KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test"), logger: logger,
            metrics: MetricRegistry())
        var connection = try await PostgresConnection.open(fixture.database)
        // As if it were killed between the acknowledgement and the deletion.
        try await connection.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''killed''; END';
            CREATE TRIGGER refuse BEFORE DELETE ON analyzer.outbox FOR EACH ROW EXECUTE FUNCTION refuse();
            """)
        func sender() -> OutboxSender {
            OutboxSender(
                database: fixture.database, store: AnalyzerStore(), producer: producer, topic: Topics.findings,
                poll: .milliseconds(50), timeout: .seconds(5), bell: Bell(), logger: logger,
                metrics: AnalyzerMetrics(MetricRegistry()))
        }
        let reader = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: [Topics.findings])
        let (first, second) = (Shutdown(), Shutdown())
        let (one, two) = (sender(), sender())
        // Two analyzers: one sends at a time.
        let tasks = [Task { try await one.run(until: first) }, Task { try await two.run(until: second) }]
        _ = await reader.wait(for: 2)
        try await connection.execute("DROP TRIGGER refuse ON analyzer.outbox")
        let end = ContinuousClock.now + .seconds(20)
        while try await fixture.number("SELECT count(*) FROM analyzer.outbox") != 0, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.outbox") == 0)
        first.request()
        second.request()
        for task in tasks { try await task.value }
        let identifiers = try reader.records.map { try Envelope(headers: $0.headers, supported: 1).id }
        #expect(identifiers.count >= 2)
        #expect(Set(identifiers).count == 1)
        await reader.stop()
        await producer.close(within: .seconds(5))
    }
}
