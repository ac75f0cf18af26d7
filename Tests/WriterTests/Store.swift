import Kafka
import Postgres
import Runtime
import Support
import Synchronization

@testable import Writer

/// A writer's inside over a migrated database, without Kafka: batches go in by hand.
struct Store {
    let database: PostgresSettings
    let ingest: Ingest
    let letters = Letters()
    let metrics = MetricRegistry()

    /// What was published, and whether publishing works.
    final class Letters: Sendable {
        let sent = Mutex<[ProducerRecord]>([])
        let failure = Mutex<KafkaError?>(nil)
        /// Of so many records of a call; the others are taken.
        let failing = Mutex(Int.max)
    }

    static func make(_ limits: Ingest.Limits = Ingest.Limits()) async throws -> Store {
        let database = try await TestServer.database()
        var connection = try await PostgresConnection.open(database)
        try await Schema.up(&connection)
        return Store(database, limits)
    }

    init(_ database: PostgresSettings, _ limits: Ingest.Limits = Ingest.Limits()) {
        self.database = database
        ingest = Ingest(
            database, topics: InputTopics(prefix: "pganalytics."), limits: limits,
            publish: { [letters] records in
                let failure = letters.failure.withLock { $0 }
                let failing = failure == nil ? 0 : min(letters.failing.withLock { $0 }, records.count)
                letters.sent.withLock { $0 += records[failing...] }
                return records.indices.map { $0 < failing ? failure : nil }
            }, logger: Logger(service: "test", level: .error), metrics: metrics)
    }

    @discardableResult
    func process(_ records: [RecordBatch.Owned]) async throws -> [TopicPartition: Disposition] {
        try await ingest.process(RecordBatch(records))
    }

    @discardableResult
    func assign(_ partitions: [TopicPartition] = [Messages.samples]) async throws -> [TopicPartition: Int64] {
        try await ingest.assigned(partitions, clusterID: "cluster")
    }

    func number(_ sql: String) async throws -> Int64? {
        var connection = try await PostgresConnection.open(database)
        let rows = try await connection.query(sql)
        return rows.rowCount == 0 ? nil : try rows.int(0, 0)
    }

    func text(_ sql: String) async throws -> String? {
        var connection = try await PostgresConnection.open(database)
        let rows = try await connection.query(sql)
        return rows.rowCount == 0 ? nil : try rows.text(0, 0)
    }
}
