import Codec
import Kafka
import Synchronization
import Testing

@testable import Writer

extension WithStorage {
    /// Messages that cannot be stored.
    @Suite struct IngestBadDataTests {
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

        @Test func `What was buried beside a dead letter that failed is not buried twice`() async throws {
            let store = try await Store.make()
            try await store.assign()
            let poisons = (0..<2).map { place -> RecordBatch.Owned in
                var record = Messages.record(Messages.table("a"), sequence: UInt64(place + 1), offset: Int64(place))
                record.value = [0xFF]
                return record
            }
            store.letters.failure.withLock { $0 = KafkaError(.configuration, "the broker is away") }
            store.letters.failing.withLock { $0 = 1 }
            await #expect(throws: KafkaError.self) { try await store.process(poisons) }
            store.letters.failure.withLock { $0 = nil }
            try await store.process(poisons)
            let sent = try store.letters.sent.withLock { $0 }.map { try DeadLetter.decode($0.value ?? []).offset }
            #expect(sent == [1, 0])
            #expect(try await store.number("SELECT count(*) FROM api.dead_letters") == 2)
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
    }
}
