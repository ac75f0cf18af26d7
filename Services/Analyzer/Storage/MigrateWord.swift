import Postgres
import Runtime

/// `pganalytics-analyzer migrate up|down|status`.
enum MigrateWord {
    static let word = Word(
        "migrate", usage: "up|down|status", count: 1...1, needs: ["database"],
        help: "Brings the schema 'analyzer' to this version, takes it back altogether, or says where it stands.")

    static func run(_ what: String, _ settings: AnalyzerSettings, _ logger: Logger) async -> Int32 {
        do {
            var connection = try await PostgresConnection.open(
                settings.database, timeout: settings.databaseTimeout, logger: logger)
            switch what {
            case "up":
                for step in try await AnalyzerSchema.migrator.up(&connection) {
                    print("analyzer \(step.version) \(step.name): done")
                }
            case "down":
                for step in try await AnalyzerSchema.migrator.down(&connection, to: 0) {
                    print("analyzer \(step.version) \(step.name): taken back")
                }
            case "status": break
            default:
                logger.error("Unknown word after migrate", [.errorMessage: "say up, down or status"])
                return 2
            }
            let status = try await AnalyzerSchema.migrator.status(&connection)
            print("analyzer is at \(status.current) of \(status.latest)")
            connection.close()
            return what == "status" && status.current != status.latest ? 1 : 0
        } catch {
            logger.error("Migration failed", [.errorMessage: LogValue(describing: error)])
            return 1
        }
    }
}
