import Postgres
import Support
import Testing

extension WithPostgres {
    @Suite struct Migrations {
        private let one = Migration(version: 1, name: "one", up: "CREATE TABLE app.a (x int)", down: "DROP TABLE app.a")
        private let two = Migration(
            version: 2, name: "two", up: "CREATE TABLE app.b (x text DEFAULT 'it''s \\ ok')", down: "DROP TABLE app.b")

        @Test func `Steps are taken once, in order, and taken back`() async throws {
            var connection = try await PostgresConnection.open(TestServer.database())
            let migrator = Migrator(schema: "app", migrations: [two, one])
            #expect(try await migrator.status(&connection).isTooOld)
            #expect(try await migrator.up(&connection, to: 1).map(\.version) == [1])
            #expect(try await migrator.up(&connection).map(\.version) == [2])
            #expect(try await migrator.up(&connection).isEmpty)
            let status = try await migrator.status(&connection)
            #expect(status.current == 2 && status.steps.allSatisfy { $0.appliedAt != nil && !$0.isChanged })
            #expect(try await migrator.down(&connection, to: 1).map(\.version) == [2])
            #expect(try await migrator.down(&connection, to: 0).map(\.version) == [1])
            let rows = try await connection.query("SELECT to_regnamespace('app') IS NULL")
            #expect(try rows.bool(0, 0) == true)
        }

        @Test func `A step that fails leaves nothing of itself`() async throws {
            var connection = try await PostgresConnection.open(TestServer.database())
            let bad = Migration(version: 2, name: "bad", up: "CREATE TABLE app.c (x int); SELECT 1/0", down: "")
            let error = await #expect(throws: PostgresError.self) {
                try await Migrator(schema: "app", migrations: [one, bad]).up(&connection)
            }
            #expect(error?.message.contains("migration 2 \"bad\"") == true)
            #expect(connection.isInTransaction == false)
            let status = try await Migrator(schema: "app", migrations: [one, two]).status(&connection)
            #expect(status.current == 1)
            let rows = try await connection.query("SELECT to_regclass('app.c') IS NULL")
            #expect(try rows.bool(0, 0) == true)
        }

        @Test func `A step that was changed after it was taken is refused, and so is a newer schema`() async throws {
            var connection = try await PostgresConnection.open(TestServer.database())
            try await Migrator(schema: "app", migrations: [one, two]).up(&connection)
            let changed = Migration(version: 1, name: "one", up: "SELECT 1", down: "")
            let error = await #expect(throws: PostgresError.self) {
                try await Migrator(schema: "app", migrations: [changed, two]).up(&connection)
            }
            #expect(error?.message.contains("differs") == true)
            let older = await #expect(throws: PostgresError.self) {
                try await Migrator(schema: "app", migrations: [one]).up(&connection)
            }
            #expect(older?.message.contains("newer program") == true)
        }

        @Test func `Programs that migrate at once wait for each other`() async throws {
            let settings = try await TestServer.database()
            let migrator = Migrator(schema: "app", migrations: [one, two])
            let taken = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        var connection = try await PostgresConnection.open(settings)
                        return try await migrator.up(&connection).count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(taken == 2)
        }
    }
}
