import Codec
import Postgres
import Support
import Testing

/// The catalogue against the views of real servers: every column that a major has is declared, since the major that has it first.
@Suite(.serialized, .enabled(if: PostgresEngines.missing == nil, "\(PostgresEngines.missing ?? "")"))
struct CatalogueColumnsTests {
    /// What the catalogue calls otherwise, for later majors do.
    private static let renamed = [
        "total_time": "total_exec_time", "min_time": "min_exec_time", "max_time": "max_exec_time",
        "mean_time": "mean_exec_time", "stddev_time": "stddev_exec_time", "blk_read_time": "shared_blk_read_time",
        "blk_write_time": "shared_blk_write_time",
    ]

    @Test func `Every major's columns are the catalogue's`() async throws {
        let majors = await PostgresEngines.majors()
        try #require(!majors.isEmpty)
        for major in majors {
            try await PostgresEngines.with(major) { server in
                var connection = try await PostgresConnection.open(try PostgresSettings(url: server.url))
                try await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
                let version = Int32(connection.serverVersion)

                let statements = try await Self.columns("pg_stat_statements", &connection)
                let known = Set(statements.map { Self.renamed[$0] ?? $0 })
                    .subtracting(["userid", "dbid", "query", "mean_exec_time", "mean_plan_time"])
                let added: Set = ["database", "username", "name", "ours"]
                #expect(
                    known == Self.declared(.statements, version).subtracting(added), "pg_stat_statements of \(major)")

                let database = try await Self.columns("pg_stat_database", &connection)
                #expect(
                    database.subtracting(["datid"]) == Self.declared(.database, version), "pg_stat_database of \(major)"
                )
            }
        }
    }

    private static func declared(_ family: Family, _ version: Int32) -> Set<String> {
        Set(family.columns.filter { $0.since <= version }.map(\.name))
    }

    private static func columns(_ view: String, _ connection: inout PostgresConnection) async throws -> Set<String> {
        let result = try await connection.query(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0", [.text(view)])
        var names: Set<String> = []
        for row in 0..<result.rowCount { names.insert(try result.text(row, 0) ?? "") }
        return names
    }
}
