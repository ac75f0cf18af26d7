import Codec
import HTTP
import Kafka
import Postgres
import Runtime
import Support
import Synchronization
import Testing

@testable import Alerter

/// One private PostgreSQL for all tests of a suite.
struct ServerTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestServer.with { _ in try await function() }
    }
}

extension Trait where Self == ServerTrait {
    static var postgres: ServerTrait { ServerTrait() }
}

/// Dead letters that are kept; as many of each lot as is told are refused.
final class KeptDeadLetters: DeadLetters {
    private let kept = Mutex<(letters: [DeadLetter], refused: Int)>(([], 0))

    var letters: [DeadLetter] { kept.withLock { $0.letters } }

    func refuse(_ count: Int) { kept.withLock { $0.refused = count } }

    func publish(_ letters: [DeadLetter]) async -> [(any Error)?] {
        kept.withLock { kept in
            let refused = min(kept.refused, letters.count)
            kept.letters += letters.dropFirst(refused)
            return letters.indices.map { $0 < refused ? AlerterError("Kafka is away") : nil }
        }
    }
}

/// An alerter without Kafka: records are handed to its sink, pages go to a webhook on loopback.
final class AlerterFixture {
    static let samples = TopicPartition(topic: "pganalytics.samples", partition: 0)
    static let findings = TopicPartition(topic: "pganalytics.findings", partition: 0)

    /// One life of the process.
    private struct Life {
        let desk: AlertDesk
        let keeper: JournalKeeper
        let sink: AlerterSink
        let shutdown: Shutdown
        let courier: Task<Void, Never>
        let client: HTTPClient
    }

    let settings: AlerterSettings
    let database: PostgresSettings
    let receiver: WebhookReceiver
    let deadLetters = KeptDeadLetters()
    private var life: Life
    private var sequence: [String: UInt64] = [:]
    private var offsets: [TopicPartition: Int64] = [:]
    private let logger = Logger(service: "test", sink: { _ in })

    var desk: AlertDesk { life.desk }
    var keeper: JournalKeeper { life.keeper }
    var sink: AlerterSink { life.sink }

    init(_ changes: [String: String] = [:], database given: PostgresSettings? = nil, migrated: Bool = true) async throws
    {
        if let given { database = given } else { database = try await TestServer.database() }
        receiver = try WebhookReceiver()
        settings = try Self.settings(database, ["webhook.url": receiver.url].merging(changes) { _, new in new })
        if migrated {
            var connection = try await PostgresConnection.open(database)
            try await AlerterSchema.migrator.up(&connection)
        }
        life = try Self.live(settings, database, deadLetters, logger)
    }

    static func settings(_ database: PostgresSettings, _ changes: [String: String]) throws -> AlerterSettings {
        var given = [
            "database.url":
                "postgresql://\(database.user):\(database.password ?? "")@127.0.0.1:\(database.port)/\(database.database)",
            "database.timeout": "10s", "health.port": "0",
        ]
        given.merge(changes) { _, new in new }
        return try AlerterSettings(Settings.load(AlerterSettings.schema, arguments: given, environment: [:], file: nil))
    }

    private static func live(
        _ settings: AlerterSettings, _ database: PostgresSettings, _ deadLetters: KeptDeadLetters, _ logger: Logger
    ) throws -> Life {
        let metrics = AlerterMetrics(MetricRegistry())
        let start = ContinuousClock.now
        let clock: @Sendable () -> Moment = {
            Moment(wall: WallClock.microseconds(), steady: (ContinuousClock.now - start).microseconds)
        }
        let desk = AlertDesk(AlertEngine(rules: try settings.rules(), catalogue: .codec, settings: settings.engine))
        let keeper = JournalKeeper(
            desk: desk, pool: PostgresPool(database, limit: 2, patience: .seconds(10), logger: logger),
            stateTopic: samples.topic, findingsTopic: findings.topic, timeout: .seconds(10), logger: logger,
            metrics: metrics, clock: clock)
        let (bell, events) = (Bell(), Bell())
        let sink = AlerterSink(
            desk: desk, keeper: keeper, topics: AlerterTopics(prefix: "pganalytics."), deadLetters: deadLetters,
            bells: [bell, events], limit: BadMessageLimit(ratio: 0.5, minimum: 100), listening: { true }, clock: clock,
            logger: logger, metrics: metrics)
        let shutdown = Shutdown()
        let client = HTTPClient(logger: logger)
        let webhook = try #require(settings.webhook)
        let courier = Courier(
            desk: desk, keeper: keeper, messenger: WebhookClient(settings: webhook, client: client), bell: bell,
            events: events, clock: clock, logger: logger, metrics: metrics)
        let task = Task {
            // The journal's own loop, faster than in production.
            async let reviving: Void = {
                while !shutdown.isRequested {
                    await shutdown.sleep(for: .milliseconds(100))
                    await keeper.revive()
                    try? await sink.idle()
                }
            }()
            await courier.run(until: shutdown)
            await reviving
        }
        return Life(desk: desk, keeper: keeper, sink: sink, shutdown: shutdown, courier: task, client: client)
    }

    /// The partitions are given to it; answers from where it reads them.
    @discardableResult
    func assign() async throws -> [TopicPartition: Int64] {
        try await sink.assigned([Self.samples, Self.findings], clusterID: "c")
    }

    /// The process is killed, nothing is given back, and another takes its place.
    @discardableResult
    func restart() async throws -> [TopicPartition: Int64] {
        await stop()
        life = try Self.live(settings, database, deadLetters, logger)
        return try await assign()
    }

    func stop() async {
        life.shutdown.request()
        await life.courier.value
        life.client.close()
    }

    /// A record on a topic.
    func record(
        _ value: [UInt8]?, _ headers: [(name: String, value: [UInt8])],
        _ partition: TopicPartition = AlerterFixture.samples
    ) -> RecordBatch.Owned {
        let offset = offsets[partition] ?? 0
        offsets[partition] = offset + 1
        return .init(
            topic: partition.topic, partition: partition.partition, offset: offset, key: Array("x".utf8), value: value,
            headers: headers)
    }

    func record(_ table: Table) -> RecordBatch.Owned {
        let number = (sequence[table.instance] ?? 0) + 1
        sequence[table.instance] = number
        let envelope = Envelope(
            Topics.samples, stream: StreamName(producer: "c1", topic: "samples", key: table.instance), epoch: "e",
            sequence: number, time: WallClock.microseconds())
        return record(table.encoded(), envelope.headers)
    }

    /// The lock waits of an instance now: who waits for whom, and how long, in seconds.
    func waits(_ waits: [(pid: Int64, blocker: Int64, seconds: Double)], instance: String = "x") throws -> Table {
        var builder = TableBuilder(family: .lockWaits, instance: instance, collector: "c1", serverVersion: 170_000)
        for wait in waits {
            builder.set(try #require(builder.column("pid")), wait.pid)
            builder.set(try #require(builder.column("blocker_pid")), wait.blocker)
            builder.set(try #require(builder.column("username")), "web")
            builder.set(try #require(builder.column("blocker_username")), "batch")
            builder.set(try #require(builder.column("blocker_state")), "idle in transaction")
            builder.set(try #require(builder.column("database")), "shop")
            builder.set(try #require(builder.column("waiting")), Int64(wait.seconds * 1e6))
            builder.endRow()
        }
        return builder.finish(time: WallClock.microseconds(), interval: 0)
    }

    func cycle(up: Bool, instance: String = "x") throws -> Table {
        var builder = TableBuilder(family: .cycle, instance: instance, collector: "c1", serverVersion: 170_000)
        builder.set(try #require(builder.column("outcome")), up ? "ok" : "connection")
        builder.set(try #require(builder.column("up")), Int64(up ? 1 : 0))
        builder.set(try #require(builder.column("next_interval")), Int64(1_000_000))
        builder.endRow()
        return builder.finish(time: WallClock.microseconds(), interval: 0)
    }

    @discardableResult
    func process(_ tables: [Table]) async throws -> [TopicPartition: Disposition] {
        try await sink.process(RecordBatch(tables.map(record)))
    }

    @discardableResult
    func process(_ records: [RecordBatch.Owned]) async throws -> [TopicPartition: Disposition] {
        try await sink.process(RecordBatch(records))
    }

    func number(_ sql: String) async throws -> Int64? {
        var connection = try await PostgresConnection.open(database)
        let rows = try await connection.query(sql)
        return rows.rowCount == 0 ? nil : try rows.int(0, 0)
    }
}

extension WebhookReceiver.Received {
    /// "firing LockWait".
    var what: String {
        let name = body.split(separator: "\"alertname\":\"").dropFirst().first?.prefix { $0 != "\"" } ?? "?"
        return "\(body.contains("\"status\":\"resolved\"") ? "resolved" : "firing") \(name)"
    }
}
