import Glibc
import Postgres
import Runtime

extension Word {
    static let migrate = Word(
        "migrate", usage: "up|down|status", count: 1...1, needs: ["database"],
        help: "Makes, removes or shows the API's own schema accounts (users, audit log). down removes every user.")
}

/// `migrate up|down|status`.
struct MigrateCommand {
    private let arguments: ServiceArguments

    init(_ arguments: ServiceArguments) { self.arguments = arguments }

    func run() async throws -> CInt {
        let settings = try PostgresSettings(url: arguments.settings.string("database.url"))
        var connection = try await PostgresConnection.open(settings, timeout: .seconds(10))
        let migrator = AccountsSchema.migrator
        switch arguments.arguments[0] {
        case "up":
            let taken = try await migrator.up(&connection)
            for step in taken { print("accounts: took \(step.version) \(step.name)") }
            if taken.isEmpty { print("accounts: up to date") }
        case "down":
            for step in try await migrator.down(&connection, to: 0) {
                print("accounts: took back \(step.version) \(step.name)")
            }
        case "status":
            let status = try await migrator.status(&connection)
            for step in status.steps {
                let state = step.appliedAt.map { "taken " + RFC3339.text($0) } ?? "not taken"
                print("accounts: \(step.version) \(step.name): \(state)\(step.isChanged ? ", changed since" : "")")
            }
            connection.close()
            return status.isTooOld || status.isTooNew ? 1 : 0
        default:
            throw CommandError(description: "migrate \(arguments.arguments[0]): it is up, down or status")
        }
        connection.close()
        return 0
    }
}
