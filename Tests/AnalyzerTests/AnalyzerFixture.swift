import Codec
import Kafka
import Postgres
import Runtime
import Support
import Synchronization
import Testing

@testable import Analyzer

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

/// Dead letters that are kept, and refused when told so.
final class KeptDeadLetters: DeadLetters {
    private let state = Mutex<(letters: [DeadLetter], refuse: Bool)>(([], false))

    var letters: [DeadLetter] { state.withLock { $0.letters } }

    func refuse(_ refuse: Bool) { state.withLock { $0.refuse = refuse } }

    func publish(_ letters: [DeadLetter]) async -> [(any Error)?] {
        state.withLock { state in
            if state.refuse { return letters.map { _ in AnalyzerError("Kafka is away") } }
            state.letters += letters
            return letters.map { _ in nil }
        }
    }
}

/// An analyzer's sink on a database of its own, and the samples it is fed.
final class AnalyzerFixture {
    static let samples = TopicPartition(topic: "pganalytics.samples", partition: 0)
    /// 2026-01-01.
    static let start: Int64 = 1_767_225_600_000_000

    let settings: AnalyzerSettings
    let database: PostgresSettings
    let deadLetters = KeptDeadLetters()
    private(set) var sink: AnalyzerSink
    private var sequence: UInt64 = 0
    private var offset: Int64 = 0
    var time = AnalyzerFixture.start

    init(_ changes: [String: String] = [:]) async throws {
        database = try await TestServer.database()
        guard let server = TestServer.current else { preconditionFailure("the suite lacks its server") }
        settings = try Self.settings(url: server.url(database: database.database), changes)
        var connection = try await PostgresConnection.open(database)
        try await AnalyzerSchema.migrator.up(&connection)
        sink = Self.sink(settings, database, deadLetters)
        _ = try await sink.assigned([Self.samples], clusterID: "c")
    }

    static func settings(url: String, _ changes: [String: String] = [:]) throws -> AnalyzerSettings {
        var given = [
            "database.url": url, "broken.grace": "60s", "broken.hour_cycles": "5", "health.port": "0",
        ]
        given.merge(changes) { _, new in new }
        return try AnalyzerSettings(
            Settings.load(AnalyzerSettings.schema, arguments: given, environment: [:], file: nil))
    }

    private static func sink(
        _ settings: AnalyzerSettings, _ database: PostgresSettings, _ deadLetters: KeptDeadLetters
    ) -> AnalyzerSink {
        let logger = Logger(service: "test", sink: { _ in })
        return AnalyzerSink(
            settings, pool: PostgresPool(database, limit: 1, patience: .seconds(2), logger: logger),
            deadLetters: deadLetters, bell: Bell(), logger: logger, metrics: AnalyzerMetrics(MetricRegistry()))
    }

    /// The process is killed and another takes its place; returns from where it reads.
    func restart() async throws -> Int64? {
        sink = Self.sink(settings, database, deadLetters)
        return try await sink.assigned([Self.samples], clusterID: "c")[Self.samples]
    }

    /// A statements table as a record: per statement its calls and mean in milliseconds.
    func record(
        _ statements: [Int64: (calls: Int64, mean: Double)], instance: String = "x", quality: Quality = .ok,
        name: String? = nil
    ) throws -> RecordBatch.Owned {
        var builder = TableBuilder(family: .statements, instance: instance, collector: "c1", serverVersion: 170_000)
        for (queryid, cost) in statements.sorted(by: { $0.key < $1.key }) {
            builder.set(try #require(builder.column("queryid")), queryid)
            builder.set(try #require(builder.column("database")), "shop")
            builder.set(try #require(builder.column("username")), "web")
            builder.set(try #require(builder.column("toplevel")), Int64(1))
            builder.set(try #require(builder.column("calls")), cost.calls)
            builder.set(try #require(builder.column("total_exec_time")), Int64(cost.mean * 1e6) * cost.calls)
            if let name { builder.set(try #require(builder.column("name")), name) }
            builder.endRow(quality)
        }
        let table = builder.finish(time: time, interval: 10_000_000)
        time += 10_000_000
        sequence += 1
        return record(table, sequence: sequence)
    }

    func record(_ table: Table, sequence: UInt64) -> RecordBatch.Owned {
        let envelope = Envelope(
            Topics.samples, stream: StreamName(producer: "c1", topic: "samples", key: table.instance), epoch: "e",
            sequence: sequence, time: Self.start)
        return owned(table.encoded(), envelope.headers, key: table.instance)
    }

    func owned(
        _ value: [UInt8]?, _ headers: [(name: String, value: [UInt8])], key: String = "x"
    ) -> RecordBatch.Owned {
        offset += 1
        return .init(
            topic: Self.samples.topic, partition: 0, offset: offset - 1, key: Array(key.utf8), value: value,
            headers: headers)
    }

    @discardableResult
    func process(_ records: [RecordBatch.Owned]) async throws -> [TopicPartition: Disposition] {
        try await sink.process(RecordBatch(records))
    }

    /// Cycles of one statement, each a batch of its own or all in one.
    func cycles(_ count: Int, _ mean: Double) throws -> [RecordBatch.Owned] {
        try (0..<count).map { _ in try record([7: (10, mean)]) }
    }

    /// What is in the outbox, oldest first.
    func outbox() async throws -> [Finding] {
        var connection = try await PostgresConnection.open(database)
        return try await AnalyzerStore().oldest(1_000, &connection).map { try Finding.decode($0.message.payload) }
    }

    func number(_ sql: String) async throws -> Int64? {
        var connection = try await PostgresConnection.open(database)
        let rows = try await connection.query(sql)
        return rows.rowCount == 0 ? nil : try rows.int(0, 0)
    }

    func storedOffset() async throws -> Int64? { try await number("SELECT next_offset FROM analyzer.offsets") }
}
