import Codec
import Postgres
import Support
import Testing

@testable import Analyzer

@Suite(.postgres, .serialized) struct StoredEpochsTests {
    @Test func `Of a stream as many epochs are stored as are known in memory, the newest`() async throws {
        let fixture = try await AnalyzerFixture()
        func process(_ epochs: [String], of instance: String = "x") async throws {
            try await fixture.process(
                epochs.map { epoch in
                    let table = Table(
                        family: "other", instance: instance, collector: "c1", time: AnalyzerFixture.start, interval: 0,
                        serverVersion: 170_000, rowCount: 0, columns: [])
                    let stream = StreamName(producer: "c1", topic: "samples", key: instance)
                    let envelope = Envelope(
                        Topics.samples, stream: stream, epoch: epoch, sequence: 1, time: AnalyzerFixture.start)
                    return fixture.owned(table.encoded(), envelope.headers, key: instance)
                })
        }
        func stored(_ instance: String) async throws -> String? {
            var connection = try await PostgresConnection.open(fixture.database)
            let rows = try await connection.query(
                "SELECT string_agg(epoch, ' ' ORDER BY updated_at) FROM analyzer.ledger WHERE stream = $1",
                [.text("c1/samples/\(instance)")])
            return try rows.text(0, 0)
        }
        try await process(["e1"], of: "y")
        for epoch in ["e9", "e8", "e7", "e6"] { try await process([epoch]) }
        #expect(try await stored("x") == "e9 e8 e7 e6")
        try await process(["e5"])
        #expect(try await stored("x") == "e8 e7 e6 e5")
        // Several in one batch, after a restart.
        _ = try await fixture.restart()
        try await process(["e4", "e3", "e2"])
        #expect(try await stored("x") == "e5 e4 e3 e2")
        #expect(try await stored("y") == "e1")
    }
}
