import Postgres

/// The storage schema: the writer owns it, its migrations make it, and everybody else reads the views in `api`.
enum Schema {
    /// Append-only. A step that was released is never changed: the migrator refuses a database in which it was.
    static let migrations = [
        Migration(version: 1, name: "roles and schemas", up: FirstRoles.up, down: FirstRoles.down),
        Migration(version: 2, name: "ledger", up: FirstLedger.up, down: FirstLedger.down),
        Migration(version: 3, name: "instances, statements, alerts", up: FirstEntities.up, down: FirstEntities.down),
        Migration(version: 4, name: "metric families", up: FirstFamilies.up, down: FirstFamilies.down),
        Migration(version: 5, name: "views", up: FirstViews.up, down: FirstViews.down),
    ]

    static let migrator = Migrator(schema: "ledger", migrations: migrations)

    /// The columns of each family's table, in the order of the migrations that made them.
    static let families: [FrozenFamily] = FirstFamilies.all

    /// Takes all steps, and describes everything anew from the catalogue.
    @discardableResult
    static func up(_ connection: inout PostgresConnection) async throws(PostgresError) -> [Migration] {
        let taken = try await migrator.up(&connection)
        try await connection.execute(SchemaComments.sql)
        return taken
    }
}
