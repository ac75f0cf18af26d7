import Codec
import Kafka
import Postgres
import Runtime
import Testing

@testable import Writer

extension WithStorage {
    /// What is stored of what arrives.
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

        @Test func `Columns without a place and families without a table are kept`() async throws {
            let store = try await Store.make()
            try await store.assign()
            var table = Messages.table("a")
            table.columns.append(Column("new_in_19", .counter, .count, .integers([1, 2])))
            table.columns.append(Column("deadlocks", .counter, .count, .doubles([0.5, 1])))
            var tomorrow = Messages.table("a", family: "tomorrow")
            tomorrow.columns.append(Column("family", .label, .none, .strings(dictionary: ["roses"], indexes: [0, 0])))
            try await store.process([
                Messages.record(table, sequence: 1, offset: 0), Messages.record(tomorrow, sequence: 2, offset: 1),
            ])
            #expect(
                try await store.number(
                    "SELECT count(*) FROM api.database WHERE extra->>'new_in_19' IN ('1', '2') AND extra ? 'deadlocks'")
                    == 2)
            #expect(
                try await store.number(
                    """
                    SELECT count(*) FROM api.other WHERE family = 'tomorrow' AND (extra->>'xact_commit') = '7'
                    AND extra->>'datname' = 'shop' AND extra->>'family' = 'roses'
                    """) == 1)
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
            // The server's clock was set back meanwhile: the last change counts, not the latest time.
            again.append(Messages.record(Topics.alerts, alert(.resolved, now - 5, "e2"), key: "fp", offset: 20))
            again.append(Messages.record(Topics.alerts, alert(.firing, now, "e1"), key: "fp", offset: 21))
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

        @Test func `A finding resolves also by a clock that was set back, and stays resolved`() async throws {
            let store = try await Store.make()
            let topic = Topics.findings
            try await store.assign([TopicPartition(topic: topic.fullName(), partition: 0)])
            let now = WallClock.microseconds()
            var offset: Int64 = 0
            func message(_ identity: String, _ state: Finding.State, _ time: Int64) -> RecordBatch.Owned {
                offset += 1
                let finding = Finding(
                    identity: identity, kind: "statement_broken", instance: "a", subject: "abc", state: state,
                    time: time, unit: .seconds, summary: "slow")
                return Messages.record(topic, finding, key: "a", offset: offset)
            }
            let back = now - 7_200_000_000
            // In batches of their own, and in one; each with a producer's retry of the first.
            for (state, time) in [(Finding.State.opened, now), (.resolved, back), (.opened, now)] {
                try await store.process([message("f1", state, time)])
            }
            try await store.process([
                message("f2", .opened, now), message("f2", .updated, now + 5), message("f2", .opened, now),
                message("f2", .resolved, back), message("f2", .opened, now),
            ])
            #expect(
                try await store.number(
                    "SELECT count(*) FROM api.findings WHERE state = 'resolved' AND opened_at > time") == 2)
        }

        @Test func `A collector whose clock was set back is not as it was before`() async throws {
            let store = try await Store.make()
            try await store.assign([TopicPartition(topic: Topics.collectors.fullName(), partition: 0)])
            let now = WallClock.microseconds()
            func beat(_ version: String, _ sequence: UInt64, _ time: Int64) -> RecordBatch.Owned {
                let status = CollectorStatus(collector: "c1", version: version, hostname: "h", time: time)
                let envelope = Envelope(
                    Topics.collectors, stream: StreamName(producer: "c1", topic: "collectors", key: "c1"),
                    epoch: Messages.epoch, sequence: sequence, time: time)
                return RecordBatch.Owned(
                    topic: Topics.collectors.fullName(), partition: 0, offset: Int64(sequence),
                    key: Array("c1".utf8), value: status.encoded(), headers: envelope.headers)
            }
            try await store.process([beat("1", 1, now + 7_200_000_000)])
            try await store.process([beat("2", 2, now + 7_200_000_000), beat("3", 3, now)])
            #expect(try await store.text("SELECT version FROM api.collectors WHERE time < now()") == "3")
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

        @Test func `A table that is locked keeps its old days, the others lose theirs`() async throws {
            var limits = Ingest.Limits()
            limits.retention = 30 * 86_400_000_000
            let store = try await Store.make(limits)
            try await store.assign()
            let old = WallClock.microseconds() - 20 * 86_400_000_000
            try await store.process([
                Messages.record(Messages.table("a", time: old), sequence: 1, offset: 0),
                Messages.record(Messages.table("a", time: old, family: "tomorrow"), sequence: 2, offset: 1),
            ])
            limits.retention = 10 * 86_400_000_000
            var reader = try await PostgresConnection.open(store.database)
            try await reader.execute("BEGIN; LOCK TABLE metrics.database IN ACCESS SHARE MODE")
            let second = Store(store.database, limits)
            try await second.assign()
            try await second.ingest.idle()
            #expect(second.ingest.notReady == nil)
            #expect(try await store.number("SELECT count(*) FROM api.database") == 2)
            #expect(try await store.number("SELECT count(*) FROM api.other") == 0)
            try await reader.execute("ROLLBACK")
            let third = Store(store.database, limits)
            try await third.assign()
            try await third.ingest.idle()
            #expect(try await store.number("SELECT count(*) FROM api.database") == 0)
        }
    }
}
