import Postgres
import Runtime

/// `pganalytics-writer migrate up|down|status`.
enum MigrateWord {
    static let word = Word(
        "migrate", usage: "up|down|status [VERSION]", count: 1...2, needs: ["database"],
        help: """
            Brings the storage schema to the newest version (up), or back to VERSION (down; without one it removes \
            everything, data included), or says where it stands (status).
            """)

    static func run(_ arguments: ServiceArguments) async throws -> Int32 {
        let settings = try WriterSettings.database(arguments.settings)
        let logger = arguments.logger
        var target = 0
        if arguments.arguments.count > 1 {
            guard let version = Int(arguments.arguments[1]), version >= 0 else {
                throw SettingsError(.usage, "migrate: \(arguments.arguments[1]) is no version")
            }
            target = version
        }
        var connection = try await PostgresConnection.open(settings, timeout: .seconds(30), logger: logger)
        switch arguments.arguments[0] {
        case "up":
            for step in try await Schema.up(&connection) { log(logger, "Migrated up", step) }
            logger.info("The schema is up to date", [.schemaVersion: .integer(Int64(Schema.migrator.latest))])
        case "down":
            for step in try await Schema.migrator.down(&connection, to: target) { log(logger, "Migrated down", step) }
        case "status":
            let status = try await Schema.migrator.status(&connection)
            for step in status.steps {
                print(
                    "\(step.version)\t\(step.appliedAt == nil ? "pending" : step.isChanged ? "changed" : "applied")\t"
                        + step.name)
            }
            return status.isTooOld || status.isTooNew ? 1 : 0
        default:
            throw SettingsError(.usage, "migrate takes up, down or status, not \(arguments.arguments[0])")
        }
        return 0
    }

    private static func log(_ logger: Logger, _ message: String, _ step: Migration) {
        logger.info(message, [.schemaVersion: .integer(Int64(step.version)), .migrationName: .string(step.name)])
    }
}
