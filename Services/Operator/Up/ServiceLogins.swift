import Crypto
import Glibc
import Postgres
import Runtime

/// The logins of the services in the storage database: the migrations make a role for each, which cannot log in; `up`
/// gives it a password while it runs. In a database of the user's own they may be those of services that run already.
struct ServiceLogins: Sendable {
    private static let services = ["writer", "analyzer", "alerter", "api"]

    /// How each service reaches the database, as its `database.url`.
    let strings: [String: String]
    private let owner: PostgresSettings
    private let mark: String

    /// Makes sure that no service of somebody else runs on the database: its password would be replaced.
    ///
    /// - Throws: ``StackError`` when a role can log in there, unless an `up` with this folder gave it its password and
    ///   was killed before it could take it back.
    static func check(_ url: String, _ folder: StackFolder) async throws {
        let owner = try PostgresSettings(url: url)
        if readText(markFile(folder)) == owner.description { return }
        var connection = try await PostgresConnection.open(owner, timeout: .seconds(10))
        let found = try await connection.query(
            "SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolcanlogin AND rolname = ANY ($1::text[]) ORDER BY 1",
            [.textArray(services.map(role))])
        var roles: [String] = []
        for row in 0..<found.rowCount { roles.append(try found.text(row, 0) ?? "") }
        connection.close()
        guard roles.isEmpty else {
            throw StackError(
                "\(owner) has logins of services already (\(roles.joined(separator: ", "))), whose passwords up would "
                    + "replace: start the services themselves, as README.md says under \"Run it\", or, when no service "
                    + "uses them, take them back: " + roles.map { "ALTER ROLE \($0) NOLOGIN" }.joined(separator: "; "))
        }
    }

    /// Lets each service's role log in, with a password for this run: all of them, or none when it throws.
    static func make(_ url: String, _ folder: StackFolder) async throws -> ServiceLogins {
        let owner = try PostgresSettings(url: url)
        try writePrivately(owner.description, to: markFile(folder))
        var connection = try await PostgresConnection.open(owner, timeout: .seconds(10))
        var strings: [String: String] = [:]
        var script = ""
        for service in services {
            let password = Random.hex(24)
            script += "ALTER ROLE \(role(service)) LOGIN PASSWORD '\(password)';"
            strings[service] = string(owner, user: role(service), password: password)
        }
        // The statements of one script are one transaction.
        try await connection.execute(script, timeout: .seconds(10))
        connection.close()
        return ServiceLogins(strings: strings, owner: owner, mark: markFile(folder))
    }

    /// Lets no role log in any more. A database that is away keeps them, and a folder that is kept remembers whose they are.
    func takeBack() async {
        // Also when we were cancelled: in a task of its own.
        await Task {
            guard var connection = try? await PostgresConnection.open(owner, timeout: .seconds(5)) else { return }
            let script = Self.services.map { "ALTER ROLE \(Self.role($0)) NOLOGIN PASSWORD NULL;" }.joined()
            guard (try? await connection.execute(script, timeout: .seconds(5))) != nil else { return }
            connection.close()
            unlink(mark)
        }.value
    }

    /// The same servers, database and TLS for another role. As libpq's `key='value'`: that has no trouble with several
    /// hosts, the colons of IPv6 and the folder of a socket.
    static func string(_ owner: PostgresSettings, user: String, password: String) -> String {
        var values = owner.parameters
        values["host"] = owner.hosts.map(\.name).joined(separator: ",")
        values["port"] = owner.hosts.map { "\($0.port)" }.joined(separator: ",")
        values["dbname"] = owner.database
        values["user"] = user
        values["password"] = password
        values["sslmode"] = owner.sslMode
        return values.sorted { $0.key < $1.key }.map { key, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
            return "\(key)='\(escaped)'"
        }.joined(separator: " ")
    }

    private static func role(_ service: String) -> String { "pganalytics_\(service)" }

    private static func markFile(_ folder: StackFolder) -> String { folder.path("storage.logins") }
}
