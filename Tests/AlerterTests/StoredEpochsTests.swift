import Codec
import Postgres
import Support
import Testing

@testable import Alerter

@Suite(.postgres, .serialized) struct StoredEpochsTests {
    @Test func `Of a stream as many epochs are stored as are known in memory, the newest`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        func process(_ epochs: [String]) async throws {
            let table = try fixture.cycle(up: true)
            try await fixture.process(
                epochs.map { epoch in
                    let stream = StreamName(producer: "c1", topic: "samples", key: "x")
                    let envelope = Envelope(
                        Topics.samples, stream: stream, epoch: epoch, sequence: 1, time: table.time)
                    return fixture.record(table.encoded(), envelope.headers)
                })
        }
        func stored() async throws -> String? {
            var connection = try await PostgresConnection.open(fixture.database)
            let rows = try await connection.query("SELECT string_agg(epoch, ' ' ORDER BY epoch) FROM alerter.ledger")
            return try rows.text(0, 0)
        }
        for epoch in ["e9", "e8", "e7", "e6"] { try await process([epoch]) }
        #expect(try await stored() == "e6 e7 e8 e9")
        try await process(["e5"])
        #expect(try await stored() == "e5 e6 e7 e8")
        // Several in one batch, after a restart.
        try await fixture.restart()
        try await process(["e4", "e3", "e2"])
        #expect(try await stored()?.contains("e2 e3 e4") == true)
        #expect(try await fixture.number("SELECT count(*) FROM alerter.ledger") == 4)
        await fixture.stop()
    }
}
