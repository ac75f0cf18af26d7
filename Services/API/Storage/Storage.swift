import Postgres
import Runtime

/// The storage database as the API sees it: a few connections, a time limit, and failures said as problems.
struct Storage: Sendable {
    let pool: PostgresPool
    let timeout: Duration

    init(_ settings: PostgresSettings, connections: Int, timeout: Duration, logger: Logger) {
        var settings = settings
        let (seconds, attoseconds) = timeout.components
        // On the server as well: a query whose client has given up must not go on.
        settings.options["statement_timeout"] = String(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        // Every name in our SQL says its schema; nothing is to be found by accident.
        settings.options["search_path"] = "pg_catalog"
        if settings.applicationName.isEmpty { settings.applicationName = "pganalytics-api" }
        pool = PostgresPool(settings, limit: connections, patience: .seconds(3), logger: logger)
        self.timeout = timeout
    }

    /// Lends a connection; what goes wrong becomes a ``Failure``, which says whether it was away or the query's doing.
    func use<T: Sendable>(_ body: (inout PostgresConnection) async throws -> T) async throws -> T {
        var entered = false
        do {
            return try await pool.withConnection { connection in
                entered = true
                return try await body(&connection)
            }
        } catch let error as PostgresError {
            throw Failure(error: error, isConnecting: !entered)
        }
    }

    /// A failure of the database and when it came.
    struct Failure: Error, CustomStringConvertible {
        let error: PostgresError
        let isConnecting: Bool

        var description: String { error.description }

        /// What the client is told: no SQL, no address.
        var problem: Problem {
            if isConnecting { return error.code == .settings ? .internalError : .databaseAway }
            switch error.sqlState {
            case "42P01", "42703", "3F000", "42501", "42883": return .schemaMissing
            case "57014": return .queryTimeout
            case "22003": return .sumTooLarge
            default: break
            }
            if error.code == .timeout { return .queryTimeout }
            return error.isRetriable || error.code == .cancelled ? .databaseAway : .internalError
        }
    }
}

extension PostgresConnection {
    /// A query whose answer is handed row by row to `body`.
    mutating func each(
        _ sql: String, _ parameters: [PostgresValue] = [], timeout: Duration,
        _ body: (borrowing QueryResult, Int) throws -> Void
    ) async throws {
        let result = try await query(sql, parameters, timeout: timeout)
        for row in 0..<result.rowCount { try body(result, row) }
    }
}
