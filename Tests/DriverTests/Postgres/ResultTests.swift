import Postgres
import Support
import Testing

extension WithPostgres {
    @Suite struct Results {
        @Test func `A row or column that is not there is an error and no end of the process`() async throws {
            var connection = try await connect()
            let r = try await connection.query("SELECT 1, 'x'::text WHERE false")
            for (row, column) in [(0, 0), (-1, 0), (0, 2), (0, -1), (1 << 40, 0)] {
                let error = #expect(throws: PostgresError.self) { try r.int(row, column) }
                #expect(error?.code == .type && error?.message.contains("0 rows of 2 columns") == true)
                #expect(throws: PostgresError.self) { try r.text(row, column) }
                #expect(throws: PostgresError.self) { try r.timestamp(row, column) }
                #expect(r.bytes(row, column) == nil)
            }
        }
    }
}
