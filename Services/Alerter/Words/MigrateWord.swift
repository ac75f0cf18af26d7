import Postgres
import Runtime

/// `pganalytics-alerter migrate up|down|status`.
enum MigrateWord {
    static let word = Word(
        "migrate", usage: "up|down|status", count: 1...1, needs: ["database"],
        help: """
            Brings the schema 'alerter' to this version, takes it back altogether, or says where it stands (status, which \
            fails unless it is at this version).
            """)

    static func run(_ what: String, _ settings: AlerterSettings, _ logger: Logger) async -> Int32 {
        do {
            var connection = try await PostgresConnection.open(
                settings.database, timeout: settings.databaseTimeout, logger: logger)
            switch what {
            case "up":
                for step in try await AlerterSchema.migrator.up(&connection) {
                    print("alerter \(step.version) \(step.name): done")
                }
            case "down":
                for step in try await AlerterSchema.migrator.down(&connection, to: 0) {
                    print("alerter \(step.version) \(step.name): taken back")
                }
            case "status": break
            default:
                logger.error("Unknown word after migrate", [.errorMessage: "say up, down or status"])
                return 2
            }
            let status = try await AlerterSchema.migrator.status(&connection)
            print("alerter is at \(status.current) of \(status.latest)")
            connection.close()
            guard what == "status" else { return 0 }
            for step in status.steps where step.appliedAt == nil {
                print("alerter \(step.version) \(step.name): pending, run migrate up")
            }
            return status.isTooOld || status.isTooNew ? 1 : 0
        } catch {
            logger.error("Migration failed", [.errorMessage: LogValue(describing: error)])
            return 1
        }
    }
}
