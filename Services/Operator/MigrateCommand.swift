import Runtime

/// `pganalytics migrate up|down|status`: each service migrates its own schema, the writer's first, for the others'
/// roles and views rest on it; `down` goes the other way.
enum MigrateCommand {
    static let services = ["pganalytics-writer", "pganalytics-analyzer", "pganalytics-alerter", "pganalytics-api"]

    static let usage = """
        Usage: pganalytics migrate up|down|status [OPTIONS]

        Runs the same word of every service that keeps something in the storage database: writer, analyzer, alerter, api.
        The database is DATABASE_URL (or --set database.url=…), as a role that may create schemas and roles.
        status asks all four and returns the worst status: 0 when every schema is up to date.
        Options are handed to each service as they are.
        """

    static func run(_ arguments: [String]) async -> CInt {
        guard let word = arguments.first, ["up", "down", "status"].contains(word) else {
            if arguments.contains("--help") || arguments.contains("-h") {
                printLine(usage)
                return 0
            }
            printError(usage)
            return 2
        }
        if let version = arguments.dropFirst().first(where: { Int($0) != nil }) {
            printError(
                "pganalytics migrate \(word) takes no version, and was given \(version): each service counts its own; "
                    + "tell it to one, as in pganalytics-writer migrate down \(version)")
            return 2
        }
        var worst: CInt = 0
        for service in word == "down" ? services.reversed() : services {
            do {
                let child = try ChildProcess.spawn(
                    executable: Installation.binary(service), arguments: ["migrate"] + arguments)
                let status = await child.wait()
                if word == "status" {
                    if case .exited(let code) = status { worst = max(worst, code) } else { worst = max(worst, 1) }
                    continue
                }
                guard status.isSuccess else {
                    printError(
                        "pganalytics: \(service) migrate \(word) failed (\(status)); the services after it were left alone"
                    )
                    return 1
                }
            } catch {
                printError("pganalytics: cannot run \(service): \(error)")
                return 127
            }
        }
        return worst
    }
}
