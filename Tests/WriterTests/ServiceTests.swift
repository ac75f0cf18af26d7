import Codec
import Kafka
import Postgres
import Runtime
import Support
import Synchronization
import Testing

@testable import Writer

/// The writer over a mock broker and a database of its own.
@Suite(.serialized) struct ServiceTests {
    private struct World {
        let cluster: MockCluster
        let server: PrivatePostgres
        let producer: KafkaProducer
        let logger = Logger(service: "test", level: .error)

        static func with(_ body: (World) async throws -> Void) async throws {
            let topics = InputTopics(prefix: "pganalytics.")
            let names = (topics.all + [topics.deadLetters]).map { (name: $0, partitions: 2) }
            let cluster = try MockCluster(brokers: 1, topics: names)
            defer { cluster.close() }
            try await TestServer.with { server in
                let settings = KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test")
                let producer = try KafkaProducer(
                    settings, logger: Logger(service: "test", level: .error), metrics: MetricRegistry())
                let world = World(cluster: cluster, server: server, producer: producer)
                try await body(world)
                await producer.close(within: .seconds(1))
            }
        }

        func migrate() async throws {
            var connection = try await PostgresConnection.open(server.settings())
            try await Schema.up(&connection)
        }

        func send(_ instance: String, _ sequences: ClosedRange<UInt64>) async throws {
            let records = sequences.map { sequence -> ProducerRecord in
                let owned = Messages.record(Messages.table(instance), sequence: sequence, offset: 0)
                return ProducerRecord(
                    topic: owned.topic, key: owned.key ?? [], value: owned.value, headers: owned.headers)
            }
            for error in await producer.send(records) { if let error { throw error } }
        }

        /// Runs a writer while `body` runs.
        func writing(_ body: () async throws -> Void) async throws {
            let metrics = MetricRegistry()
            let ingest = Ingest(
                server.settings(), topics: InputTopics(prefix: "pganalytics."), publish: { await producer.send($0) },
                logger: logger, metrics: metrics)
            let kafka = KafkaSettings(
                bootstrapServers: cluster.bootstrapServers, clientID: "writer",
                properties: ["session.timeout.ms": "6000", "topic.metadata.refresh.interval.ms": "500"])
            let loop = ConsumerLoop(
                kafka, group: Writer.group, topics: InputTopics(prefix: "pganalytics.").all, tick: .milliseconds(200),
                sink: ingest, logger: logger, metrics: metrics)
            let shutdown = Shutdown()
            let task = Task { try await loop.run(until: shutdown) }
            do {
                try await body()
            } catch {
                shutdown.request()
                try? await task.value
                throw error
            }
            shutdown.request()
            try await task.value
        }

        func number(_ sql: String) async throws -> Int64? {
            var connection = try await PostgresConnection.open(server.settings(), timeout: .seconds(2))
            let rows = try await connection.query(sql)
            return try rows.int(0, 0)
        }

        /// Waits until a query says so.
        func until(_ sql: String, is wanted: Int64, within: Duration = .seconds(40)) async throws {
            let deadline = ContinuousClock.now + within
            var last: Int64?
            while ContinuousClock.now < deadline {
                last = try? await number(sql)
                if last == wanted { return }
                try await Task.sleep(for: .milliseconds(50))
            }
            Issue.record("\(sql): \(last.map { "\($0)" } ?? "no answer") where \(wanted) was expected")
        }
    }

    @Test func `Nothing is lost or doubled over a database crash, a restart of the writer, and a broker outage`()
        async throws
    {
        try await World.with { world in
            try await world.send("a", 1...50)
            // The schema is not there yet: the writer waits for it.
            try await world.writing {
                try await Task.sleep(for: .milliseconds(500))
                try await world.migrate()
                try await world.until("SELECT count(*) FROM api.database", is: 100)
                await world.server.killNow()
                try await world.send("a", 51...80)
                try await Task.sleep(for: .milliseconds(500))
                try await world.server.restart()
                try await world.until("SELECT count(*) FROM api.database", is: 160)
            }
            try await world.send("a", 81...90)
            try await world.send("b", 1...10)
            try await world.writing {
                try await world.until("SELECT count(*) FROM api.database", is: 200)
                try world.cluster.setBroker(1, up: false)
                try await Task.sleep(for: .milliseconds(300))
                try world.cluster.setBroker(1, up: true)
                try await world.send("b", 11...20)
                // A producer's retry, and a poisoned message.
                try await world.send("b", 15...20)
                let poison = ProducerRecord(
                    topic: Messages.samples.topic, key: Array("b".utf8), value: [0xFF],
                    headers: Messages.record(Messages.table("b"), sequence: 21, offset: 0).headers)
                for error in await world.producer.send([poison]) { if let error { throw error } }
                try await world.send("b", 22...22)
                try await world.until("SELECT count(*) FROM api.database", is: 222)
                try await world.until("SELECT count(*) FROM api.dead_letters", is: 1)
            }
            #expect(try await world.number("SELECT count(*) FROM api.gaps") == 1)
            #expect(
                try await world.number("SELECT sum(next_offset) FROM api.ingest WHERE topic = 'pganalytics.samples'")
                    == 118)
        }
    }
}
