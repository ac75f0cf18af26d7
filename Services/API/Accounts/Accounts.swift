import Crypto
import Postgres

/// Users and the audit log in the database.
enum Accounts {
    /// Why a change was refused, for the command line.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private static let columns = "name, role, disabled, token_version, created_at"

    /// All users, by name.
    static func all(_ connection: inout PostgresConnection) async throws -> [Account] {
        var accounts: [Account] = []
        try await connection.each(
            "SELECT \(columns) FROM accounts.users ORDER BY name", timeout: .seconds(10)
        ) { result, row in
            accounts.append(try account(result, row))
        }
        return accounts
    }

    /// A user and the hash of the password.
    static func find(
        _ name: String, _ connection: inout PostgresConnection
    ) async throws -> (account: Account, hash: String)? {
        let result = try await connection.query(
            "SELECT \(columns), password_hash FROM accounts.users WHERE name = $1", [.text(name)], timeout: .seconds(10)
        )
        guard result.rowCount == 1, let hash = try result.text(0, 5) else { return nil }
        return (try account(result, 0), hash)
    }

    static func add(
        _ name: String, role: Role, hash: String, by actor: String, _ connection: inout PostgresConnection
    ) async throws {
        let result = try await connection.query(
            """
            INSERT INTO accounts.users (name, role, password_hash) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO NOTHING RETURNING id
            """, [.text(name), .text(role.rawValue), .text(hash)])
        guard result.rowCount == 1 else {
            throw Refusal(
                description: "the user \(name) is there already; set a new password with \"users passwd \(name)\"")
        }
        try await audit(
            "user.add", actor: actor, subject: name, succeeded: true, detail: "role \(role.rawValue)", &connection)
    }

    /// A new password; tokens issued before are refused from now on.
    static func setPassword(
        _ name: String, hash: String, by actor: String, _ connection: inout PostgresConnection
    ) async throws {
        try await change(name, "password_hash = $2, token_version = token_version + 1", [.text(hash)], &connection)
        try await audit("user.passwd", actor: actor, subject: name, succeeded: true, &connection)
    }

    /// Disables or enables a user; the tokens issued before are refused from now on.
    static func setDisabled(
        _ name: String, _ disabled: Bool, by actor: String, _ connection: inout PostgresConnection
    ) async throws {
        try await change(name, "disabled = $2, token_version = token_version + 1", [.bool(disabled)], &connection)
        try await audit(
            disabled ? "user.disable" : "user.enable", actor: actor, subject: name, succeeded: true, &connection)
    }

    private static func change(
        _ name: String, _ assignments: String, _ values: [PostgresValue], _ connection: inout PostgresConnection
    ) async throws {
        let result = try await connection.query(
            "UPDATE accounts.users SET \(assignments), changed_at = clock_timestamp() WHERE name = $1 RETURNING id",
            [.text(name)] + values)
        guard result.rowCount == 1 else {
            throw Refusal(description: "there is no user \(name); \"users list\" shows who there is")
        }
    }

    /// Adds a row to the audit log.
    static func audit(
        _ action: String, actor: String, subject: String, succeeded: Bool, remoteAddress: String? = nil,
        requestID: String? = nil, detail: String? = nil, _ connection: inout PostgresConnection
    ) async throws {
        _ = try await connection.query(
            """
            INSERT INTO accounts.audit (action, actor, subject, succeeded, remote_address, request_id, detail)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .text(action), .text(actor), .text(subject), .bool(succeeded), .text(orNull: remoteAddress),
                .text(orNull: requestID), .text(orNull: detail),
            ])
    }

    private static func account(_ result: borrowing QueryResult, _ row: Int) throws -> Account {
        guard let name = try result.text(row, 0), let role = try result.text(row, 1).flatMap(Role.init(rawValue:))
        else {
            throw Refusal(description: "accounts.users holds a row that this release does not understand")
        }
        return Account(
            name: name, role: role, isDisabled: try result.bool(row, 2) ?? true,
            tokenVersion: try result.int(row, 3) ?? 0,
            createdAt: try result.timestamp(row, 4) ?? 0)
    }
}
