import Codec
import Kafka
import Postgres
import Testing

@testable import Writer

extension WithStorage {
    @Suite struct StoredEpochsTests {
        @Test func `Of a stream the newest epochs stay stored, of the others nothing is touched`() async throws {
            let store = try await Store.make()
            try await store.assign()
            let now =
                Int64(try #require(try await store.number("SELECT extract(epoch FROM now())::bigint"))) * 1_000_000
            let epochs = StreamLedger.storedEpochs + 4
            func record(_ epoch: Int, _ offset: Int, sequence: UInt64 = 1) -> RecordBatch.Owned {
                // Names that sort against time.
                Messages.record(
                    Messages.table("a", time: now + Int64(offset)), sequence: sequence, offset: Int64(offset),
                    epoch: "epoch\(99 - epoch)")
            }
            try await store.process([Messages.record(Messages.table("b", time: now - 1), sequence: 1, offset: 0)])
            for epoch in 0..<epochs { try await store.process([record(epoch, epoch + 1)]) }
            #expect(
                try await store.number("SELECT count(*) FROM ledger.streams WHERE key = 'a'")
                    == Int64(StreamLedger.storedEpochs))
            #expect(try await store.text("SELECT max(epoch) FROM ledger.streams WHERE key = 'a'") == "epoch95")
            #expect(
                try await store.text("SELECT min(epoch) FROM ledger.streams WHERE key = 'a'") == "epoch\(100 - epochs)")
            #expect(try await store.number("SELECT count(*) FROM ledger.streams WHERE key = 'b'") == 1)

            // Who goes on from what is stored still knows the newest, and notes no gap.
            let next = Store(store.database)
            try await next.assign()
            try await next.process([record(epochs - 1, 90), record(epochs - 1, 91, sequence: 2)])
            #expect(
                try await store.number("SELECT count(*) FROM api.database WHERE instance = 'a'")
                    == Int64(2 * (epochs + 1)))
            #expect(try await store.number("SELECT count(*) FROM ledger.gaps") == 0)
        }
    }
}
