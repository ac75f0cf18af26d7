import Codec
import Kafka
import Postgres
import Runtime
import Support
import Synchronization
import Testing

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
                if let failure = letters.failure.withLock({ $0 }) { return records.map { _ in failure } }
                letters.sent.withLock { $0 += records }
                return records.map { _ in nil }
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

extension WithStorage {
    @Suite struct IngestTests {
        @Test func `Rows arrive in the view as they were sent, once`() async throws {
            let store = try await Store.make()
            #expect(try await store.assign() == [:])
            let records = (1...5).map {
                Messages.record(Messages.table("prod/1"), sequence: UInt64($0), offset: Int64($0) + 100)
            }
            #expect(try await store.process(records) == [:])
            // The producer's retry, and the whole batch again.
            try await store.process([Messages.record(Messages.table("prod/1"), sequence: 5, offset: 106)])
            #expect(try await store.number("SELECT count(*) FROM api.database WHERE instance = 'prod/1'") == 10)
            #expect(
                try await store.number(
                    """
                    SELECT count(*) FROM api.database WHERE datname = 'shop' AND xact_commit = 7 AND blks_hit = 5
                    AND quality = 0 AND interval_us = 10000000 AND extra IS NULL AND time > now() - interval '1 minute'
                    """) == 5)
            #expect(
                try await store.number(
                    "SELECT count(*) FROM api.database WHERE datname = 'blog' AND blks_hit IS NULL AND quality = 2")
                    == 5)
            #expect(try await store.number("SELECT next_offset FROM api.ingest") == 107)
            #expect(try await store.number("SELECT count(*) FROM api.gaps") == 0)
            #expect(try await store.number("SELECT count(*) FROM api.freshness WHERE age_seconds < 60") == 1)
            #expect(try await store.assign() == [Messages.samples: 107])
        }

        @Test func `A new writer goes on where the last one stopped`() async throws {
            let store = try await Store.make()
            try await store.assign()
            try await store.process([Messages.record(Messages.table("a"), sequence: 1, offset: 0)])
            let second = Store(store.database)
            #expect(try await second.assign() == [Messages.samples: 1])
            try await second.process([
                Messages.record(Messages.table("a"), sequence: 1, offset: 1),
                Messages.record(Messages.table("a"), sequence: 4, offset: 2),
            ])
            #expect(try await store.number("SELECT count(*) FROM api.database") == 4)
            #expect(
                try await store.text(
                    "SELECT first_missing || '-' || last_missing || ' ' || key || ' ' || (after_time < before_time) FROM api.gaps"
                )
                    == "2-3 a true")
        }

        @Test func `Columns without a place and families without a table are kept`() async throws {
            let store = try await Store.make()
            try await store.assign()
            var table = Messages.table("a")
            table.columns.append(Column("new_in_19", .counter, .count, .integers([1, 2])))
            table.columns.append(Column("deadlocks", .counter, .count, .doubles([0.5, 1])))
            try await store.process([
                Messages.record(table, sequence: 1, offset: 0),
                Messages.record(Messages.table("a", family: "tomorrow"), sequence: 2, offset: 1),
            ])
            #expect(
                try await store.number(
                    "SELECT count(*) FROM api.database WHERE extra->>'new_in_19' IN ('1', '2') AND extra ? 'deadlocks'")
                    == 2)
            #expect(
                try await store.number(
                    """
                    SELECT count(*) FROM api.other WHERE family = 'tomorrow' AND (extra->>'xact_commit') = '7'
                    AND extra->>'datname' = 'shop'
                    """) == 1)
        }

        @Test func `A poisoned message is buried, the others are stored, and nothing waits`() async throws {
            let store = try await Store.make()
            try await store.assign()
            var poison = Messages.record(Messages.table("a"), sequence: 2, offset: 1)
            poison.value = [0xFF, 0xFF, 0xFF]
            try await store.process([
                Messages.record(Messages.table("a"), sequence: 1, offset: 0), poison,
                Messages.record(Messages.table("a"), sequence: 3, offset: 2),
            ])
            #expect(try await store.number("SELECT count(*) FROM api.database") == 4)
            #expect(try await store.number("SELECT next_offset FROM api.ingest") == 3)
            #expect(try await store.text("SELECT reason FROM api.dead_letters") == "truncated")
            #expect(try await store.number("SELECT first_missing FROM api.gaps") == 2)
            let sent = store.letters.sent.withLock { $0 }
            #expect(sent.count == 1 && sent.first?.topic == "pganalytics.deadletter")
            let letter = try DeadLetter.decode(sent.first?.value ?? [])
            #expect(letter.value == [0xFF, 0xFF, 0xFF] && letter.offset == 1 && letter.topic == "pganalytics.samples")
            #expect(letter.consumer == "pganalytics-writer" && !letter.headers.isEmpty)
        }

        @Test func `While a dead letter cannot be sent nothing advances`() async throws {
            let store = try await Store.make()
            try await store.assign()
            var poison = Messages.record(Messages.table("a"), sequence: 1, offset: 0)
            poison.value = [0xFF]
            store.letters.failure.withLock { $0 = KafkaError(.configuration, "the broker is away") }
            await #expect(throws: KafkaError.self) { try await store.process([poison]) }
            #expect(try await store.number("SELECT count(*) FROM api.ingest") == 0)
            store.letters.failure.withLock { $0 = nil }
            try await store.process([poison])
            #expect(try await store.number("SELECT next_offset FROM api.ingest") == 1)
        }

        @Test func `A value the database refuses is found by halving and buried`() async throws {
            let store = try await Store.make()
            try await store.assign()
            let records = (1...40).map { number -> RecordBatch.Owned in
                var table = Messages.table("a")
                if number == 23 {
                    table.columns[0].values = .strings(dictionary: ["zero \u{0} byte"], indexes: [0, 0])
                }
                return Messages.record(table, sequence: UInt64(number), offset: Int64(number))
            }
            try await store.process(records)
            #expect(try await store.number("SELECT count(*) FROM api.database") == 78)
            #expect(try await store.number("SELECT \"offset\" FROM api.dead_letters") == 23)
            #expect(try await store.text("SELECT reason FROM api.dead_letters") == "refused_by_database")
            #expect(try await store.number("SELECT next_offset FROM api.ingest") == 41)
            #expect(try await store.number("SELECT count(*) FROM api.gaps") == 1)
        }

        @Test func `Too many bad messages stop the writer before it drains the topic`() async throws {
            let store = try await Store.make()
            try await store.assign()
            let records = (1...100).map { number -> RecordBatch.Owned in
                var record = Messages.record(Messages.table("a"), sequence: UInt64(number), offset: Int64(number))
                if number % 3 == 0 { record.value = [0xFF] }
                return record
            }
            await #expect(throws: FatalError.self) { try await store.process(records) }
            #expect(store.letters.sent.withLock { $0.count } == 0)
            #expect(try await store.number("SELECT count(*) FROM api.ingest") == 0)
        }

        @Test func `Of two writers that both believe to own a partition the late one is fenced`() async throws {
            let store = try await Store.make()
            let second = Store(store.database)
            try await store.assign()
            try await second.assign()
            let batch = [
                Messages.record(Messages.table("a"), sequence: 1, offset: 0),
                Messages.record(Messages.table("a"), sequence: 2, offset: 1),
            ]
            #expect(try await store.process(batch) == [:])
            #expect(try await second.process(batch) == [Messages.samples: .rewind(to: 2)])
            #expect(try await store.number("SELECT count(*) FROM api.database") == 4)
            // After the rewind it goes on with what is new.
            try await second.process([Messages.record(Messages.table("a"), sequence: 3, offset: 2)])
            #expect(
                try await store.process([Messages.record(Messages.table("a"), sequence: 3, offset: 2)])
                    == [Messages.samples: .rewind(to: 3)])
            #expect(try await store.number("SELECT count(*) FROM api.database") == 6)
        }

        @Test func `Two writers that race over one partition store everything once`() async throws {
            let store = try await Store.make()
            let log = (0..<200).map {
                Messages.record(Messages.table("a", commits: Int64($0)), sequence: UInt64($0 + 1), offset: Int64($0))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seed in 1...3 {
                    let writer = Store(store.database)
                    group.addTask {
                        var next = Int(try await writer.assign()[Messages.samples] ?? 0)
                        while next < log.count {
                            let end = min(log.count, next + 1 + (next * 7 + seed * 5) % 23)
                            let result = try await writer.process(Array(log[next..<end]))
                            if case .rewind(let offset)? = result[Messages.samples] {
                                next = Int(offset)
                            } else {
                                next = end
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.number("SELECT count(*) FROM api.database WHERE datname = 'shop'") == 200)
            #expect(
                try await store.number("SELECT count(DISTINCT xact_commit) FROM api.database WHERE datname = 'shop'")
                    == 200)
            #expect(try await store.number("SELECT count(*) FROM api.gaps") == 0)
            #expect(try await store.number("SELECT next_offset FROM api.ingest") == 200)
        }

        @Test func `A newer version holds its partition and is told`() async throws {
            let store = try await Store.make()
            let other = TopicPartition(topic: Messages.samples.topic, partition: 1)
            try await store.assign([Messages.samples, other])
            let result = try await store.process([
                Messages.record(Messages.table("a"), sequence: 1, offset: 0),
                Messages.record(Messages.table("a"), sequence: 2, offset: 1, version: 9),
                Messages.record(Messages.table("b"), sequence: 1, offset: 0, partition: 1),
            ])
            guard case .held(let offset, let reason)? = result[Messages.samples] else {
                Issue.record("not held: \(result)")
                return
            }
            #expect(offset == 1 && reason.contains("9") && result[other] == nil)
            #expect(try await store.number("SELECT count(*) FROM api.database") == 4)
            #expect(try await store.number("SELECT next_offset FROM api.ingest WHERE partition = 0") == 1)
        }

        @Test func `A schema that is too old is waited for, with the remedy`() async throws {
            let database = try await TestServer.database()
            let store = Store(database)
            let error = await #expect(throws: PostgresError.self) { try await store.assign() }
            #expect(error?.message.contains("run pganalytics migrate up") == true)
            #expect(store.ingest.notReady?.contains("migrate up") == true)
            var connection = try await PostgresConnection.open(database)
            try await Schema.up(&connection)
            try await store.assign()
            #expect(store.ingest.notReady == nil)
        }

        @Test func `A connection that dies between or within batches costs nothing`() async throws {
            let store = try await Store.make()
            try await store.assign()
            try await store.process([Messages.record(Messages.table("a"), sequence: 1, offset: 0)])
            #expect(
                try await store.number(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ) == 1)
            let batch = [Messages.record(Messages.table("a"), sequence: 2, offset: 1)]
            await #expect(throws: PostgresError.self) { try await store.process(batch) }
            #expect(store.ingest.notReady != nil)
            try await store.process(batch)
            #expect(store.ingest.notReady == nil)
            #expect(try await store.number("SELECT count(*) FROM api.database") == 4)
        }

        @Test func `Statements, collectors, findings and alerts are stored by identity`() async throws {
            let store = try await Store.make()
            let topics = [
                Topics.statements.erased, Topics.collectors.erased, Topics.findings.erased, Topics.alerts.erased,
            ]
            try await store.assign(topics.map { TopicPartition(topic: $0.fullName(), partition: 0) })
            let now = WallClock.microseconds()
            let heartbeat = CollectorStatus(
                collector: "c1", version: "1", hostname: "h", pid: 7, startedAt: now, time: now,
                instances: [CollectedInstance(id: "a", host: "db", port: 5432, interval: 10, lastSuccess: now)],
                intervalMicroseconds: 5_000_000)
            let envelope = Envelope(
                Topics.collectors, stream: StreamName(producer: "c1", topic: "collectors", key: "c1"),
                epoch: Messages.epoch, sequence: 1, time: now)
            let beat = RecordBatch.Owned(
                topic: Topics.collectors.fullName(), partition: 0, offset: 0, key: Array("c1".utf8),
                value: heartbeat.encoded(), headers: envelope.headers)
            func finding(_ state: Finding.State, _ time: Int64) -> Finding {
                Finding(
                    identity: "f1", kind: "statement_broken", instance: "a", subject: "abc", state: state, time: time,
                    value: 2, baseline: 1, threshold: 1.5, unit: .nanoseconds, samples: 9, summary: "slow",
                    evidence: [Label("calls", "3")])
            }
            func alert(_ state: AlertEvent.State, _ time: Int64, _ identity: String) -> AlertEvent {
                AlertEvent(
                    identity: identity, fingerprint: "fp", rule: "ServerDown", instance: "a", kind: .stateChange,
                    state: state, time: time, startsAt: now, endsAt: state == .resolved ? time : 0, value: 1,
                    labels: [Label("severity", "critical")])
            }
            let delivery = AlertEvent(
                identity: "d1", fingerprint: "fp", rule: "ServerDown", instance: "a", kind: .delivery, state: .firing,
                time: now, receiver: "hook", deliveryStatus: .delivered, attempt: 1, httpStatus: 204)
            let text = Statement(
                name: "0123456789abcdef", text: "SELECT $1", fullLength: 9, parser: "17", instance: "a", queryid: -5,
                seenAt: now)
            let batch = [
                Messages.record(Topics.statements, text, key: text.name, offset: 0), beat,
                Messages.record(Topics.findings, finding(.opened, now), key: "a", offset: 0),
                Messages.record(Topics.findings, finding(.resolved, now + 9), key: "a", offset: 1),
                Messages.record(Topics.alerts, alert(.firing, now, "e1"), key: "fp", offset: 0),
                Messages.record(Topics.alerts, delivery, key: "fp", offset: 1),
            ]
            try await store.process(batch)
            // Once more, at other offsets: the identities are known.
            var again = batch.filter { $0.topic != Topics.collectors.fullName() }
            for index in again.indices { again[index].offset += 10 }
            again.append(Messages.record(Topics.alerts, alert(.resolved, now + 5, "e2"), key: "fp", offset: 20))
            try await store.process(again)
            #expect(try await store.text("SELECT text FROM api.statement_texts") == "SELECT $1")
            #expect(
                try await store.text("SELECT instance || name FROM api.statement_names WHERE queryid = -5")
                    == "a0123456789abcdef")
            #expect(try await store.text("SELECT instances->0->>'host' FROM api.collectors WHERE pid = 7") == "db")
            #expect(
                try await store.text("SELECT state || (opened_at < time) || (evidence->>'calls') FROM api.findings")
                    == "resolvedtrue3")
            #expect(try await store.text("SELECT state || (ends_at IS NOT NULL) FROM api.alerts") == "resolvedtrue")
            #expect(try await store.number("SELECT count(*) FROM api.alert_events") == 3)
            #expect(
                try await store.text(
                    "SELECT kind || receiver || delivery_status || http_status FROM api.alert_events WHERE identity = 'd1'"
                )
                    == "deliveryhookdelivered204")
        }

        @Test func `A statement's name joins rows that came before and after it`() async throws {
            let store = try await Store.make()
            try await store.assign()
            func table(_ names: Values?, nulls: Bitmap? = nil) -> Table {
                var columns = [
                    Column("queryid", .label, .none, .integers([11])),
                    Column("calls", .counter, .count, .integers([3])),
                    Column("max_exec_time", .gauge, .nanoseconds, .integers([0])),
                ]
                if let names { columns.append(Column("name", .label, .none, names, nulls: nulls)) }
                return Table(
                    family: "statements", instance: "a", collector: "c", time: WallClock.microseconds(), interval: 1,
                    serverVersion: 170_000, rowCount: 1, columns: columns)
            }
            try await store.process([Messages.record(table(nil), sequence: 1, offset: 0)])
            try await store.process([
                Messages.record(table(.strings(dictionary: ["abcd"], indexes: [0])), sequence: 2, offset: 1)
            ])
            try await store.process([Messages.record(table(nil), sequence: 3, offset: 2)])
            #expect(
                try await store.number(
                    "SELECT count(*) FROM api.statements WHERE name = 'abcd' AND calls = 3 AND max_exec_time IS NULL")
                    == 3)
        }

        @Test func `A cycle describes its server, and a change is taken over`() async throws {
            let store = try await Store.make()
            try await store.assign()
            func cycle(_ timeline: Int64, up: Int64) -> Table {
                Table(
                    family: "cycle", instance: "a", collector: "c", time: WallClock.microseconds(), interval: 0,
                    serverVersion: 170_000, rowCount: 1,
                    columns: [
                        Column("outcome", .label, .none, .strings(dictionary: ["ok"], indexes: [0])),
                        Column("hostname", .label, .none, .strings(dictionary: ["db1"], indexes: [0])),
                        Column("timeline", .label, .none, .integers([timeline])),
                        Column("port", .label, .none, .integers([5432])),
                        Column("up", .gauge, .boolean, .integers([up])),
                    ])
            }
            try await store.process([Messages.record(cycle(1, up: 1), sequence: 1, offset: 0)])
            try await store.process([Messages.record(cycle(2, up: 1), sequence: 2, offset: 1)])
            try await store.process([Messages.record(cycle(9, up: 0), sequence: 3, offset: 2)])
            #expect(
                try await store.text("SELECT host || port || timeline || collector FROM api.instances") == "db154322c")
        }

        @Test func `Days past the retention are dropped, the others stay`() async throws {
            var limits = Ingest.Limits()
            limits.retention = 30 * 86_400_000_000
            let store = try await Store.make(limits)
            try await store.assign()
            let now = WallClock.microseconds()
            try await store.process([
                Messages.record(Messages.table("a", time: now - 20 * 86_400_000_000), sequence: 1, offset: 0),
                Messages.record(Messages.table("a", time: now), sequence: 2, offset: 1),
            ])
            try await store.ingest.idle()
            #expect(try await store.number("SELECT count(*) FROM api.database") == 4)
            limits.retention = 10 * 86_400_000_000
            let second = Store(store.database, limits)
            try await second.assign()
            try await second.ingest.idle()
            #expect(try await store.number("SELECT count(*) FROM api.database") == 2)
        }

        @Test func `Offsets that are gone before they were read are a gap`() async throws {
            let store = try await Store.make()
            try await store.assign()
            try await store.process([Messages.record(Messages.table("a"), sequence: 1, offset: 0)])
            try await store.ingest.gap(Messages.samples, from: 1, to: 50)
            try await store.process([Messages.record(Messages.table("a"), sequence: 9, offset: 50)])
            #expect(try await store.number("SELECT last_missing FROM api.gaps WHERE kind = 'offset'") == 49)
            #expect(try await store.number("SELECT last_missing FROM api.gaps WHERE kind = 'sequence'") == 8)
            #expect(try await store.number("SELECT next_offset FROM api.ingest") == 51)
        }
    }
}
