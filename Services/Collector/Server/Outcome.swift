import Postgres

/// What came of a cycle or of a family in it: a stable code, and one line for people.
struct Outcome: Equatable, Sendable {
    var code: String
    /// What, where, remedy; never a secret. Empty when all is well.
    var message: String = ""

    static let ok = Outcome(code: "ok")
    var isOK: Bool { code == "ok" }

    init(code: String, message: String = "") {
        self.code = code
        self.message = message
    }

    /// In the words of the cycle family.
    init(_ error: PostgresError) {
        message = error.message
        switch error.code {
        case .authentication: code = "authentication_failed"
        case .timeout: code = "timeout"
        case .closed, .cancelled: code = "connection_lost"
        case .connection:
            switch error.sqlState {
            case "53300": code = "too_many_connections"
            case "57P03": code = "server_starting"
            case "57P01", "57P02": code = "connection_lost"
            case "3D000": code = "database_missing"
            case "42501": code = "permission_denied"
            default: code = error.message.contains("connection was lost") ? "connection_lost" : "unreachable"
            }
        case .query:
            switch error.sqlState {
            case "42501": code = "permission_denied"
            case "55P03": code = "lock_timeout"
            case "57014": code = "statement_timeout"
            case "55000": code = "not_ready"
            case "53300": code = "too_many_connections"
            default: code = "query_failed"
            }
        case .type: code = "query_failed"
        // One of our own making.
        default: code = error.code.description
        }
    }
}
