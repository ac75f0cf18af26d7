import Postgres
import Runtime

/// Opening a session that can do its server no harm.
enum ServerSession {
    /// What the server is told with the first packet: it holds for everything the session does.
    ///
    /// The statement and lock time-outs are the server's own, so that they hold when we are gone. Parallel workers are
    /// backends too, and would pass the limit of two. `work_mem` lets the reads of pg_stat_statements stay in memory: the
    /// function returns all its rows through a tuplestore, which spilled to disk at the default with 10,000 entries.
    static func options(_ server: ServerSettings) -> [String: String] {
        [
            "statement_timeout": String(server.statementTimeout.microseconds / 1000),
            "lock_timeout": "100",
            "idle_in_transaction_session_timeout": "10000",
            "default_transaction_read_only": "on",
            "search_path": "pg_catalog",
            "max_parallel_workers_per_gather": "0",
            "work_mem": "65536",
            // The server gives up on a client that has gone without a word.
            "tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
        ]
    }

    static let applicationName = "pganalytics-collector"

    /// Where a server is and who we are there.
    static func settings(_ server: ServerSettings) -> PostgresSettings {
        PostgresSettings(
            host: server.host, port: server.port, user: server.user, password: server.password,
            database: server.database, applicationName: applicationName, sslMode: server.sslMode,
            options: options(server))
    }

    /// Connects, sets what only some versions have, and asks for the facts. What was given up on the way is in `attempts`.
    static func open(
        _ server: ServerSettings, facts: inout ServerFacts, timeout: Duration, attempts: inout ConnectAttempts,
        logger: Logger
    ) async throws(PostgresError) -> PostgresConnection {
        var connection = try await PostgresConnection.open(
            settings(server), timeout: timeout, attempts: &attempts, logger: logger)
        do throws(PostgresError) {
            facts = try await prepare(&connection, server, logger)
        } catch {
            if error.code == .timeout { attempts.abandon() }
            throw error
        }
        return connection
    }

    private static func prepare(
        _ connection: inout PostgresConnection, _ server: ServerSettings, _ logger: Logger
    ) async throws(PostgresError) -> ServerFacts {
        let deadline = server.statementTimeout + .seconds(2)
        var late: [(String, String)] = []
        if connection.serverVersion >= 110_000 { late.append(("jit", "off")) }
        if connection.serverVersion >= 120_000 { late.append(("tcp_user_timeout", "20000")) }
        // The server notices within a second that we dropped the connection, and ends the query.
        if connection.serverVersion >= 140_000 { late.append(("client_connection_check_interval", "1000")) }
        for (name, value) in late {
            do throws(PostgresError) {
                _ = try await connection.query(
                    "SELECT set_config($1, $2, false)", [.text(name), .text(value)], timeout: deadline)
            } catch  where error.code == .query {
                logger.debug("The server refuses a setting", [.errorMessage: LogValue(error.message)])
            }
        }
        return try await ServerFacts(asking: &connection, timeout: deadline)
    }
}
