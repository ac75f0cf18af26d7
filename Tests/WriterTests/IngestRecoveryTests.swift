import Codec
import Kafka
import Postgres
import Runtime
import Support
import Synchronization
import Testing

@testable import Writer

extension WithStorage {
    /// Writers, databases and partitions that come and go.
    @Suite struct IngestRecoveryTests {
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
            // The test's own last connection may be among them still.
            let ended = try await store.number(
                """
                SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
                """)
            #expect(try #require(ended) >= 1)
            let batch = [Messages.record(Messages.table("a"), sequence: 2, offset: 1)]
            await #expect(throws: PostgresError.self) { try await store.process(batch) }
            #expect(store.ingest.notReady != nil)
            try await store.process(batch)
            #expect(store.ingest.notReady == nil)
            #expect(try await store.number("SELECT count(*) FROM api.database") == 4)
        }

        @Test func `An error that leaves the connection as it was is over with the next success`() async throws {
            let store = try await Store.make()
            try await store.assign()
            var connection = try await PostgresConnection.open(store.database)
            try await connection.execute(
                """
                CREATE SEQUENCE public.attempts;
                CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF nextval('public.attempts') = 1 THEN RAISE 'full' USING ERRCODE = '53100'; END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON ledger.streams FOR EACH ROW EXECUTE FUNCTION public.refuse();
                """)
            let batch = [Messages.record(Messages.table("a"), sequence: 1, offset: 0)]
            let error = await #expect(throws: PostgresError.self) { try await store.process(batch) }
            #expect(error?.sqlState == "53100" && store.ingest.notReady?.contains("full") == true)
            try await store.process(batch)
            #expect(store.ingest.notReady == nil)
            #expect(try await store.number("SELECT count(*) FROM api.database") == 2)
        }

        @Test func `Instances that somebody removed are no fault of a message: it comes again`() async throws {
            let store = try await Store.make()
            try await store.assign()
            func record(_ name: String, _ sequence: UInt64) -> RecordBatch.Owned {
                var table = Messages.table("a", family: "statements")
                table.columns = [
                    Column("queryid", .label, .none, .integers([11, 12])),
                    Column("name", .label, .none, .strings(dictionary: [name], indexes: [0, 0])),
                ]
                return Messages.record(table, sequence: sequence, offset: Int64(sequence))
            }
            try await store.process([record("abcd", 1)])
            var connection = try await PostgresConnection.open(store.database)
            try await connection.execute("TRUNCATE metrics.instances CASCADE")
            await #expect(throws: PostgresError.self) { try await store.process([record("ef01", 2)]) }
            try await store.process([record("ef01", 2)])
            #expect(store.letters.sent.withLock { $0.isEmpty })
            #expect(try await store.number("SELECT count(*) FROM api.statements WHERE name = 'ef01'") == 2)
        }

        @Test func `Offsets that are gone before they were read are a gap`() async throws {
            let store = try await Store.make()
            let other = TopicPartition(topic: Messages.samples.topic, partition: 1)
            try await store.assign([Messages.samples, other])
            let time = WallClock.microseconds() - 60_000_000
            try await store.process([
                Messages.record(Messages.table("b", time: time - 5), sequence: 1, offset: 0),
                Messages.record(Messages.table("a", time: time), sequence: 1, offset: 1),
            ])
            try await store.ingest.gap(Messages.samples, from: 2, to: 50)
            try await store.ingest.gap(other, from: 0, to: 7)
            try await store.process([Messages.record(Messages.table("a"), sequence: 9, offset: 50)])
            // It is of the time since the partition's last message, as far as one is known.
            #expect(
                try await store.number(
                    """
                    SELECT (extract(epoch FROM after_time) * 1000000)::bigint FROM api.gaps
                    WHERE kind = 'offset' AND partition = 0 AND after_time < before_time AND before_time <= noted_at
                    """) == time)
            #expect(
                try await store.number(
                    """
                    SELECT last_missing FROM api.gaps
                    WHERE kind = 'offset' AND partition = 1 AND after_time IS NULL AND before_time <= noted_at
                    """) == 6)
            #expect(
                try await store.number("SELECT last_missing FROM api.gaps WHERE kind = 'offset' AND partition = 0")
                    == 49)
            #expect(try await store.number("SELECT last_missing FROM api.gaps WHERE kind = 'sequence'") == 8)
            #expect(try await store.number("SELECT next_offset FROM api.ingest WHERE partition = 0") == 51)
        }
    }
}
