import Crypto
import Glibc
import Postgres
import Runtime

extension Word {
    static let users = Word(
        "users", usage: "add|passwd|disable|enable NAME, or list", count: 1...2,
        options: [
            CommandOption("role", argument: "ROLE", help: "With add: admin, user or viewer (the default)."),
            CommandOption(
                "password-file", argument: "FILE",
                help:
                    "With add and passwd: its first line is the password. Without it the terminal is asked; where there is none, a password is made and printed once."
            ),
        ],
        needs: ["database"],
        help: "Adds users, sets passwords, disables and lists users. Every change is in the audit log.")
}

/// `users add|passwd|disable|enable|list`.
struct UsersCommand {
    private let arguments: ServiceArguments
    private let actor = "command line"

    init(_ arguments: ServiceArguments) { self.arguments = arguments }

    func run() async throws -> CInt {
        let word = arguments.arguments.first ?? ""
        guard ["add", "passwd", "disable", "enable", "list"].contains(word) else {
            throw CommandError(description: "users \(word): it is add, passwd, disable, enable or list; see --help")
        }
        guard (word == "list") == (arguments.arguments.count == 1) else {
            throw CommandError(
                description: word == "list" ? "users list takes no name" : "users \(word) takes a name; see --help")
        }
        let settings = try PostgresSettings(url: arguments.settings.string("database.url"))
        guard word != "list" else { return try await list(settings) }
        let name = arguments.arguments[1]
        guard Account.isValid(name: name) else {
            throw CommandError(description: "the name \"\(name)\" is not one: 1 to 64 letters, digits and . _ @ -")
        }
        switch word {
        case "add": try await add(name, settings)
        case "passwd": try await setPassword(name, settings)
        default:
            try await withConnection(settings) { connection in
                try await Accounts.setDisabled(name, word == "disable", by: actor, &connection)
            }
            print("\(name) is \(word)d")
        }
        return 0
    }

    private func add(_ name: String, _ settings: PostgresSettings) async throws {
        let text = arguments.options["role"] ?? "viewer"
        guard let role = Role(rawValue: text) else {
            throw CommandError(description: "the role \"\(text)\" is not one: admin, user or viewer")
        }
        let password = try obtainPassword()
        let hash = try await PasswordHash.hash(password.text)
        try await withConnection(settings) { connection in
            try await Accounts.add(name, role: role, hash: hash, by: actor, &connection)
        }
        print("\(name) was added as \(role.rawValue)")
        if password.isNew { print("password: \(password.text)") }
    }

    private func setPassword(_ name: String, _ settings: PostgresSettings) async throws {
        let password = try obtainPassword()
        let hash = try await PasswordHash.hash(password.text)
        try await withConnection(settings) { connection in
            try await Accounts.setPassword(name, hash: hash, by: actor, &connection)
        }
        print("\(name) has a new password")
        if password.isNew { print("password: \(password.text)") }
    }

    private func list(_ settings: PostgresSettings) async throws -> CInt {
        let accounts = try await withConnection(settings) { connection in try await Accounts.all(&connection) }
        for account in accounts {
            let state = account.isDisabled ? "disabled" : "active"
            print("\(account.name)\t\(account.role.rawValue)\t\(state)\t\(RFC3339.text(account.createdAt))")
        }
        return 0
    }

    private func withConnection<T>(
        _ settings: PostgresSettings, _ body: (inout PostgresConnection) async throws -> T
    ) async throws -> T {
        var connection = try await PostgresConnection.open(settings, timeout: .seconds(10))
        do {
            let value = try await connection.transaction(body)
            connection.close()
            return value
        } catch let error as PostgresError where ["42P01", "3F000"].contains(error.sqlState) {
            throw CommandError(
                description: "the schema accounts is not there: run \"pganalytics-api migrate up\" first")
        }
    }

    private func obtainPassword() throws -> (text: String, isNew: Bool) {
        if let file = arguments.options["password-file"] { return (try PasswordSource.file(file), false) }
        if isatty(0) == 1 { return (try PasswordSource.terminal(), false) }
        return (Random.password(), true)
    }
}

/// What stops a command, in one line.
struct CommandError: Error, CustomStringConvertible {
    let description: String
}
