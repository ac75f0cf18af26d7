import Crypto
import Postgres
import Runtime

/// What can be set.
///
/// - `api.address` (string, default 127.0.0.1), `api.port` (integer, default 8080): where the API listens.
/// - `api.connections` (integer, default 1024), `api.connections_per_address` (integer, default 512).
/// - `api.token_lifetime` (duration, default 15m), `api.signing_key` (string, none): the access tokens.
/// - `api.login_failures` (integer, default 5), `api.login_window` (duration, default 5m): when sign-ins are refused.
/// - `api.query_timeout` (duration, default 10s): how long the database may take for one answer.
/// - `database.url` (string, required, secret), `database.connections` (integer, default 8).
/// - `health.*`, `log.*`: as in every service.
struct APISettings: Sendable {
    static let schema = SettingsSchema(
        service: "api",
        settings: [
            Setting(
                "api.address", .string, default: "127.0.0.1",
                help: "The numeric address to listen on: loopback unless something in front of it does TLS."),
            Setting("api.port", .integer, default: "8080", range: 0...65535, help: "The port; 0 takes any free one."),
            Setting("api.connections", .integer, default: "1024", range: 4...100_000, help: "Connections in all."),
            Setting(
                "api.connections_per_address", .integer, default: "512", range: 1...100_000,
                help: "Connections of one client address."),
            Setting("api.token_lifetime", .duration, default: "15m", help: "How long an access token is good for."),
            Setting(
                "api.signing_key", .string,
                help: """
                    PEM file of the P-256 key that signs access tokens, made with mode 0600 when it is not there. Without one a \
                    key is made at each start: tokens end with the process, and two processes do not know each other's.
                    """),
            Setting(
                "api.login_failures", .integer, default: "5", range: 1...LoginLimiter().perAddress,
                help: "Failed sign-ins of one name from one address within the window, before they are refused."),
            Setting("api.login_window", .duration, default: "5m", help: "The window of login_failures."),
            Setting(
                "api.query_timeout", .duration, default: "10s", help: "How long the database may take for one answer."),
            Setting(
                "database.url", .string, required: true, secret: true, aliases: ["DATABASE_URL"],
                help: "The storage database: postgresql://user:password@host:port/database."),
            Setting(
                "database.connections", .integer, default: "8", range: 1...1000, help: "Connections to it at most."),
        ] + Setting.common(healthPort: 9105))

    let address: String
    let port: Int
    let connections: Int
    let connectionsPerAddress: Int
    let tokenLifetime: Duration
    let signingKey: String?
    let limiter: LoginLimiter
    let queryTimeout: Duration
    let database: PostgresSettings
    let databaseConnections: Int
    let healthAddress: String
    let healthPort: Int

    init(_ settings: Settings) throws {
        address = settings.string("api.address")
        port = settings.integer("api.port")
        connections = settings.integer("api.connections")
        connectionsPerAddress = settings.integer("api.connections_per_address")
        tokenLifetime = settings.duration("api.token_lifetime")
        guard tokenLifetime >= .seconds(1), tokenLifetime <= .seconds(86_400) else {
            throw settings.invalid("api.token_lifetime", "give 1s to 24h")
        }
        signingKey = settings.optionalString("api.signing_key")
        var limiter = LoginLimiter()
        limiter.perPair = settings.integer("api.login_failures")
        let window = settings.duration("api.login_window")
        guard window >= .seconds(1) else { throw settings.invalid("api.login_window", "give at least 1s") }
        limiter.window = window.components.seconds * 1_000_000
        self.limiter = limiter
        queryTimeout = settings.duration("api.query_timeout")
        // PostgreSQL refuses a statement_timeout beyond 24 days, and with it every connection.
        guard queryTimeout >= .milliseconds(100), queryTimeout <= .seconds(3600) else {
            throw settings.invalid("api.query_timeout", "give 100ms to 1h")
        }
        do {
            database = try PostgresSettings(url: settings.string("database.url"))
        } catch {
            throw settings.invalid("database.url", error.message)
        }
        databaseConnections = settings.integer("database.connections")
        healthAddress = settings.string("health.address")
        healthPort = settings.integer("health.port")
    }

    /// The key of the file, or a new one for this process alone.
    func loadKey(_ logger: Logger) throws -> SigningKey {
        guard let signingKey else {
            logger.info("Signing tokens with a key of this process alone; set api.signing_key to keep one")
            return try SigningKey.generate()
        }
        return try SigningKey.loadOrCreate(file: signingKey)
    }
}
