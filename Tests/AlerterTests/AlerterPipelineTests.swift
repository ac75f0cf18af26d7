import Codec
import Foundation
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

    /// A broker, a database and a receiver, and who sends samples.
    private final class World {
        let fixture: AlerterFixture
        let cluster: MockCluster
        let settings: AlerterSettings
        let producer: KafkaProducer

        init(_ changes: [String: String] = [:]) async throws {
            fixture = try await AlerterFixture()
            await fixture.stop()
            let names = [
                Topics.samples.fullName(), Topics.findings.fullName(), Topics.collectors.fullName(),
                Topics.alerts.fullName(), Topics.deadletter.fullName(),
            ]
            cluster = try MockCluster(brokers: 1, topics: names.map { (name: $0, partitions: 2) })
            let given = [
                "kafka.bootstrap_servers": cluster.bootstrapServers, "webhook.url": fixture.receiver.url,
                "kafka.librdkafka.session.timeout.ms": "6000",
                // Each connection of each client waits for itself before it tries again.
                "kafka.librdkafka.reconnect.backoff.max.ms": "300",
            ]
            settings = try AlerterFixture.settings(fixture.database, given.merging(changes) { _, new in new })
            producer = try KafkaProducer(
                KafkaSettings(
                    bootstrapServers: cluster.bootstrapServers, clientID: "test",
                    properties: ["reconnect.backoff.max.ms": "300"]),
                logger: Logger(service: "test", sink: { _ in }), metrics: MetricRegistry())
        }

        func send(_ table: Table) async {
            let record = fixture.record(table)
            let errors = await producer.send([
                ProducerRecord(
                    topic: Topics.samples.fullName(), key: Array(table.instance.utf8), value: record.value,
                    headers: record.headers)
            ])
            #expect(errors == [nil])
        }
    }

    @Test(.timeLimit(.minutes(2))) func `A broker that goes away silences nobody, a collector that does is silent`()
        async throws
    {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "pga-rules-\(UInt64.random(in: 0 ... .max)).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try """
        groups:
          - name: g
            rules:
              - {alert: Silent, expr: pganalytics_instance_silent_seconds > 8}
        """.write(to: file, atomically: true, encoding: .utf8)
        let world = try await World(["rules.file": file.path()])
        defer { world.cluster.close() }
        let parts = try AlerterParts.build(world.settings, logger: logger)
        let (shutdown, logger) = (Shutdown(), logger)
        let task = Task { await runServices(parts.services, shutdown: shutdown, grace: .seconds(20), logger: logger) }
        let end = ContinuousClock.now + .seconds(20)
        while parts.desk.with({ $0.silence.listeningSince }) == nil, ContinuousClock.now < end {
            await world.send(try world.fixture.cycle(up: true))
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(parts.desk.with { $0.instances.count } == 1)
        try world.cluster.setBroker(1, up: false)
        try await Task.sleep(for: .seconds(10))
        #expect(parts.desk.with { $0.silence.listeningSince } == nil)
        try world.cluster.setBroker(1, up: true)
        let back = ContinuousClock.now + .seconds(30)
        while parts.desk.with({ $0.silence.listeningSince }) == nil, ContinuousClock.now < back {
            try await Task.sleep(for: .milliseconds(100))
        }
        await world.send(try world.fixture.cycle(up: true))
        try await Task.sleep(for: .seconds(1))
        #expect(world.fixture.receiver.received.isEmpty)
        // Now it is the collector.
        let pages = await world.fixture.receiver.wait(for: 1, within: .seconds(40))
        #expect(pages.map(\.what) == ["firing Silent"])
        await world.send(try world.fixture.cycle(up: true))
        _ = await world.fixture.receiver.wait(for: 2, within: .seconds(30))
        #expect(world.fixture.receiver.received.map(\.what) == ["firing Silent", "resolved Silent"])
        shutdown.request()
        #expect(await task.value == 0)
        await world.producer.close(within: .seconds(5))
    }

    @Test(.timeLimit(.minutes(3))) func `Two alerters share the work, and one goes on for the other`() async throws {
        let world = try await World()
        defer { world.cluster.close() }
        let instances = ["x", "y", "z", "v", "w"]
        let first = try run(world.settings)
        let second = try run(world.settings)
        for instance in instances { await world.send(try world.fixture.waits([(11, 12, 6)], instance: instance)) }
        var pages = await world.fixture.receiver.wait(for: 5, within: .seconds(40))
        #expect(pages.count == 5)
        first.shutdown.request()
        #expect(await first.task.value == 0)
        for _ in 0..<15 {
            for instance in instances { await world.send(try world.fixture.waits([(11, 12, 20)], instance: instance)) }
            try await Task.sleep(for: .seconds(1))
        }
        #expect(world.fixture.receiver.received.count == 5, "nobody is paged again")
        try await Task.sleep(for: .seconds(6))
        for instance in instances { await world.send(try world.fixture.waits([], instance: instance)) }
        pages = await world.fixture.receiver.wait(for: 10, within: .seconds(30))
        try await Task.sleep(for: .seconds(1))
        let all = world.fixture.receiver.received.map(\.what)
        #expect(all.filter { $0 == "firing LockWait" }.count == 5)
        #expect(all.filter { $0 == "resolved LockWait" }.count == 5)
        second.shutdown.request()
        #expect(await second.task.value == 0)
        await world.producer.close(within: .seconds(5))
    }

    @Test(.timeLimit(.minutes(2))) func `A page, its resolve and their events, across a restart`() async throws {
        let world = try await World()
        defer { world.cluster.close() }
        let (fixture, settings, producer) = (world.fixture, world.settings, world.producer)
        let (cluster, events) = (world.cluster, Topics.alerts.fullName())
        func send(_ table: Table) async { await world.send(table) }
        let reader = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: [events])
        let first = try run(settings)
        await send(try fixture.waits([(11, 12, 6)]))
        var pages = await fixture.receiver.wait(for: 1, within: .seconds(30))
        #expect(pages.map(\.what) == ["firing LockWait"])
        // Now that it runs: how long from the message to the page.
        let start = ContinuousClock.now
        await send(try fixture.waits([(21, 22, 6)], instance: "y"))
        pages = await fixture.receiver.wait(for: 2)
        try #require(pages.count == 2)
        #expect(pages[1].at - start < .seconds(10), "less than what is held for newer data waits")
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
