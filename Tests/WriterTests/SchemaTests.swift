import Codec
import Postgres
import Support
import Testing

@testable import Writer

extension WithStorage {
    @Suite struct SchemaTests {
        @Test func `The schema goes up, down to nothing, and up again`() async throws {
            var connection = try await PostgresConnection.open(TestServer.database())
            let objects = """
                SELECT count(*) FROM pg_namespace WHERE nspname IN ('metrics', 'ledger', 'api')
                """
            #expect(try await Schema.up(&connection).count == Schema.migrations.count)
            #expect(try await Schema.up(&connection).isEmpty)
            #expect(try await connection.query(objects).int(0, 0) == 3)
            var status = try await Schema.migrator.status(&connection)
            #expect(status.current == status.latest && !status.steps.contains { $0.isChanged || $0.appliedAt == nil })
            try await Schema.migrator.down(&connection, to: 0)
            #expect(try await connection.query(objects).int(0, 0) == 0)
            status = try await Schema.migrator.status(&connection)
            #expect(status.current == 0 && SchemaProblem(status, place: "here")?.message.contains("migrate up") == true)
            try await Schema.up(&connection)
        }

        @Test func `Every family of the catalogue has its table and its view, column by column`() async throws {
            var connection = try await PostgresConnection.open(TestServer.database())
            try await Schema.up(&connection)
            for family in Catalogue.families {
                for schema in ["metrics", "api"] {
                    let rows = try await connection.query(
                        """
                        SELECT column_name, data_type FROM information_schema.columns
                        WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position
                        """, [.text(schema), .text(family.name)])
                    var found: [String: String] = [:]
                    for row in 0..<rows.rowCount { found[try rows.text(row, 0) ?? ""] = try rows.text(row, 1) ?? "" }
                    var expected: [String: String] = [
                        "time": "timestamp with time zone", "instance": schema == "api" ? "text" : "integer",
                        "interval_us": "bigint", "quality": "smallint", "extra": "jsonb",
                    ]
                    for column in family.columns {
                        expected[column.name] =
                            switch column.type {
                            case .text: "text"
                            case .integer: "bigint"
                            case .double: "double precision"
                            }
                    }
                    #expect(
                        found == expected,
                        "\(schema).\(family.name): a new column needs a migration of its own in Services/Writer/Schema")
                }
            }
        }

        @Test func `A reader sees api and nothing else`() async throws {
            let settings = try await TestServer.database()
            var connection = try await PostgresConnection.open(settings)
            try await Schema.up(&connection)
            try await connection.execute("SET ROLE pganalytics_reader")
            for view in FirstViews.names { _ = try await connection.query("SELECT count(*) FROM api.\"\(view)\"") }
            for table in ["metrics.statements", "metrics.instances", "ledger.streams", "ledger.offsets"] {
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await connection.query("SELECT count(*) FROM \(table)")
                }
                #expect(error?.sqlState == "42501")
            }
            let error = await #expect(throws: PostgresError.self) {
                try await connection.execute("DELETE FROM api.findings")
            }
            #expect(error?.sqlState == "42501")
        }

        @Test func `Every view and every column of a family is described`() async throws {
            var connection = try await PostgresConnection.open(TestServer.database())
            try await Schema.up(&connection)
            let views = try await connection.query(
                """
                SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'api'::regnamespace AND c.relkind = 'v'
                AND obj_description(c.oid, 'pg_class') IS NULL
                """)
            #expect(views.rowCount == 0)
            let columns = try await connection.query(
                """
                SELECT a.attrelid::regclass::text || '.' || a.attname FROM pg_attribute a
                JOIN pg_class c ON c.oid = a.attrelid
                WHERE c.relnamespace = 'api'::regnamespace AND a.attnum > 0 AND c.relname = ANY ($1)
                AND col_description(a.attrelid, a.attnum) IS NULL
                """, [.textArray(Catalogue.families.map(\.name))])
            #expect(columns.rowCount == 0)
        }
    }
}
