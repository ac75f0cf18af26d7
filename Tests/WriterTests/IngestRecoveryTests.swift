import Kafka
import Postgres
import Support
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
