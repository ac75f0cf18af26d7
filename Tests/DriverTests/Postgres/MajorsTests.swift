import Postgres
import Support
import Testing

/// The driver against every major that is at hand.
@Suite(.serialized, .enabled(if: PostgresEngines.missing == nil, "no other PostgreSQL is at hand"))
struct MajorsTests {
    @Test func `Every major is queried, copied into and killed`() async throws {
        for major in await PostgresEngines.majors() {
            try await PostgresEngines.with(major) { server in
                var connection = try await PostgresConnection.open(PostgresSettings(url: server.url))
                #expect("\(connection.serverVersion)".hasPrefix(major.replacing(".", with: "0")) == true, "\(major)")
                try await connection.execute("CREATE TABLE t (a bigint, b text)")
                let rows = try await connection.copyIn("COPY t FROM STDIN (FORMAT binary)") { writer throws -> Void in
                    for number in 0..<1000 {
                        writer.row(columns: 2)
                        writer.int64(Int64(number))
                        writer.text("\(number)")
                    }
                }
                #expect(rows == 1000)
                let sums = try await connection.query("SELECT sum(a), max(b), $1::text FROM t", [.text(major)])
                #expect(try sums.int(0, 0) == 499_500)
                #expect(try sums.text(0, 2) == major)
                let migrator = Migrator(
                    schema: "app", migrations: [Migration(version: 1, name: "a", up: "SELECT 1", down: "")])
                // The migrator's lock needs hashtextextended, which came with 11.
                if connection.serverVersion >= 110_000 { #expect(try await migrator.up(&connection).count == 1) }
            }
        }
    }
}
