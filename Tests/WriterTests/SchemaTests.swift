import Codec
import Postgres
import Runtime
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

        @Test func `The words go up, down and say where it stands, and refuse a version to go up to`() async throws {
            let database = try await TestServer.database()
            let server = try #require(TestServer.current)
            let url = server.url(database: database.database)
            func run(_ words: String...) async throws -> Int32 {
                let line =
                    ["pganalytics-writer", "--log-level", "error", "--set", "database.url=\(url)", "migrate"] + words
                return try await MigrateWord.run(
                    ServiceArguments.parse(WriterSettings.schema, line, words: [MigrateWord.word]))
            }
            #expect(try await run("status") == 1)
            for word in ["up", "status"] {
                let error = await #expect(throws: SettingsError.self) { try await run(word, "3") }
                #expect(error?.message.contains("leave 3 out") == true)
            }
            #expect(try await run("up") == 0)
            #expect(try await run("status") == 0)
            #expect(try await run("down", "3") == 0)
            #expect(try await run("status") == 1)
            var connection = try await PostgresConnection.open(database)
            #expect(try await Schema.migrator.status(&connection).current == 3)
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

        @Test func `The writer's role is enough to write, and the API's to read`() async throws {
            let admin = try await TestServer.database()
            var connection = try await PostgresConnection.open(admin)
            try await Schema.up(&connection)
            try await connection.execute(
                """
                ALTER ROLE pganalytics_writer LOGIN PASSWORD 'w'; ALTER ROLE pganalytics_api LOGIN PASSWORD 'a';
                REVOKE ALL ON SCHEMA public FROM PUBLIC
                """)
            var writing = admin
            (writing.user, writing.password) = ("pganalytics_writer", "w")
            var limits = Ingest.Limits()
            limits.retention = 30 * 86_400_000_000
            let store = Store(writing, limits)
            try await store.assign()
            let now = WallClock.microseconds()
            try await store.process([
                Messages.record(Messages.table("a", time: now - 20 * 86_400_000_000), sequence: 1, offset: 0),
                Messages.record(Messages.table("a", time: now), sequence: 2, offset: 1),
            ])
            limits.retention = 86_400_000_000
            let second = Store(writing, limits)
            try await second.assign()
            try await second.ingest.idle()
            var reading = admin
            (reading.user, reading.password) = ("pganalytics_api", "a")
            let reader = Store(reading)
            #expect(try await reader.number("SELECT count(*) FROM api.database") == 2)
            let error = await #expect(throws: PostgresError.self) {
                _ = try await reader.number("SELECT count(*) FROM metrics.database")
            }
            #expect(error?.sqlState == "42501")
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

/// The storage on every major that it promises.
@Suite(.serialized, .enabled(if: PostgresEngines.missing == nil, "no other PostgreSQL is at hand"))
struct StorageMajorsTests {
    @Test func `From 14 on the schema goes up, takes rows, and goes down`() async throws {
        for major in await PostgresEngines.majors() where (Double(major) ?? 0) >= 14 {
            try await PostgresEngines.with(major) { server in
                let settings = try PostgresSettings(url: server.url)
                var connection = try await PostgresConnection.open(settings)
                try await Schema.up(&connection)
                let store = Store(settings)
                try await store.assign()
                try await store.process([Messages.record(Messages.table("a"), sequence: 1, offset: 0)])
                #expect(try await store.number("SELECT count(*) FROM api.database") == 2, "\(major)")
                try await Schema.migrator.down(&connection, to: 0)
                #expect(
                    try await store.number("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pganalytics%'") == 0,
                    "\(major)")
            }
        }
    }
}
