import Codec
import Kafka
import Postgres
import Runtime
import Support
import Testing

@testable import Alerter

/// The alerter as it runs, with a broker, a database and a receiver.
@Suite(.postgres, .serialized) struct AlerterPipelineTests {
    private let logger = Logger(service: "test", sink: { _ in })

    private func run(_ settings: AlerterSettings) throws -> (shutdown: Shutdown, task: Task<Int32, Never>) {
        let parts = try AlerterParts.build(settings, logger: logger)
        let (shutdown, logger) = (Shutdown(), logger)
        return (
            shutdown,
            Task { await runServices(parts.services, shutdown: shutdown, grace: .seconds(20), logger: logger) }
        )
    }

    @Test(.timeLimit(.minutes(2))) func `A page, its resolve and their events, across a restart`() async throws {
        let fixture = try await AlerterFixture()
        await fixture.stop()
        let names = [Topics.samples.fullName(), Topics.findings.fullName(), Topics.collectors.fullName()]
        let events = Topics.alerts.fullName()
        let cluster = try MockCluster(
            brokers: 1, topics: (names + [events, Topics.deadletter.fullName()]).map { (name: $0, partitions: 2) })
        defer { cluster.close() }
        let settings = try AlerterFixture.settings(
            fixture.database,
            [
                "kafka.bootstrap_servers": cluster.bootstrapServers, "webhook.url": fixture.receiver.url,
                "kafka.librdkafka.session.timeout.ms": "6000",
            ])
        let producer = try KafkaProducer(
            KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test"), logger: logger,
            metrics: MetricRegistry())
        func send(_ table: Table) async {
            let record = fixture.record(table)
            let errors = await producer.send([
                ProducerRecord(topic: names[0], key: record.key ?? [], value: record.value, headers: record.headers)
            ])
            #expect(errors == [nil])
        }
        let reader = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: [events])
        let first = try run(settings)
        await send(try fixture.waits([(11, 12, 6)]))
        var pages = await fixture.receiver.wait(for: 1, within: .seconds(30))
        #expect(pages.map(\.what) == ["firing LockWait"])
        // Now that it runs: how long from the message to the page.
        let start = ContinuousClock.now
        await send(try fixture.waits([(21, 22, 6)], instance: "y"))
        pages = await fixture.receiver.wait(for: 2)
        #expect(pages.count == 2)
        #expect(pages[1].at - start < .seconds(2))
        first.shutdown.request()
        #expect(await first.task.value == 0)
        let second = try run(settings)
        try await Task.sleep(for: .seconds(6))
        await send(try fixture.waits([]))
        await send(try fixture.waits([], instance: "y"))
        pages = await fixture.receiver.wait(for: 4, within: .seconds(30))
        try await Task.sleep(for: .milliseconds(500))
        #expect(
            fixture.receiver.received.map(\.what)
                == ["firing LockWait", "firing LockWait", "resolved LockWait", "resolved LockWait"])
        let records = await reader.wait(for: 8)
        let told = try records.map { try AlertEvent.decode($0.value ?? []) }
        #expect(told.filter { $0.kind == .stateChange }.map(\.state).count == 4)
        #expect(told.filter { $0.kind == .delivery }.map(\.deliveryStatus) == Array(repeating: .delivered, count: 4))
        #expect(Set(told.map(\.identity)).count == told.count)
        let envelope = try Envelope(headers: try #require(records.first).headers, supported: 1)
        #expect(envelope.id == told[0].identity)
        second.shutdown.request()
        #expect(await second.task.value == 0)
        #expect(try await fixture.number("SELECT count(*) FROM alerter.events") == 0)
        await reader.stop()
        await producer.close(within: .seconds(5))
    }
}
