import Postgres
import Runtime

/// `pganalytics-writer migrate up|down|status`.
enum MigrateWord {
    static let word = Word(
        "migrate", usage: "up|down [VERSION]|status", count: 1...2, needs: ["database"],
        help: """
            Brings the storage schema to the newest version (up), or back to VERSION (down; without one it removes \
            everything, data included), or says where it stands (status).
            """)

    static func run(_ arguments: ServiceArguments) async throws -> Int32 {
        let settings = try WriterSettings.database(arguments.settings)
        let logger = arguments.logger
        guard ["up", "down", "status"].contains(arguments.arguments[0]) else {
            throw SettingsError(.usage, "migrate takes up, down or status, not \(arguments.arguments[0])")
        }
        var target = 0
        if arguments.arguments.count > 1 {
            guard arguments.arguments[0] == "down" else {
                throw SettingsError(
                    .usage,
                    "migrate \(arguments.arguments[0]) takes no version: leave \(arguments.arguments[1]) out")
            }
            guard let version = Int(arguments.arguments[1]), version >= 0 else {
                throw SettingsError(.usage, "migrate: \(arguments.arguments[1]) is no version")
            }
            target = version
        }
        var connection = try await open(settings, logger)
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
        default: break
        }
        return 0
    }

    /// A database that was started together with us may need a moment.
    private static func open(_ settings: PostgresSettings, _ logger: Logger) async throws -> PostgresConnection {
        let deadline = ContinuousClock.now + .seconds(30)
        var waits = false
        while true {
            do throws(PostgresError) {
                return try await PostgresConnection.open(settings, timeout: .seconds(10), logger: logger)
            } catch {
                guard error.isRetriable, ContinuousClock.now < deadline else { throw error }
                if !waits { logger.info("Waiting for the database", [.errorMessage: .string(error.message)]) }
                waits = true
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private static func log(_ logger: Logger, _ message: String, _ step: Migration) {
        logger.info(message, [.schemaVersion: .integer(Int64(step.version)), .migrationName: .string(step.name)])
    }
}
