/// What the embedded system is made of. Every part that is not given is made new, private, and gone at the end.
struct StackOptions: Sendable {
    /// A server to watch: the collector's `[[server]]`.
    struct Server: Sendable {
        var id: String
        var host: String
        var port: Int
        var user: String
        var password: String?
        var database = "postgres"
        /// On this machine: /proc is read too.
        var local = false
    }

    /// Where state is kept; nil for a new temporary folder.
    var directory: String?
    /// An Apache Kafka; nil for the development broker.
    var bootstrapServers: String?
    /// librdkafka's own properties for every client (TLS, SASL).
    var kafkaProperties: [String: String] = [:]
    /// A storage database, as a role that may create roles and schemas; nil for a private PostgreSQL.
    var databaseURL: String?
    /// What to watch; with neither this nor a file: the private storage server itself.
    var servers: [Server] = []
    /// A collector's TOML file whose `[[server]]` tables are watched.
    var collectorFile: String?
    /// How often each family is read; nil for the catalogue's own intervals.
    var interval: String?
    /// How long a statement is watched before it can be called broken; nil for the analyzer's own 24 h.
    var grace: String?
    /// Where pages go; nil for nowhere.
    var webhookURL: String?
    /// The API's port on loopback; 0 for a free one.
    var apiPort = 8080
    /// `debug`, `info`, `warning` or `error`.
    var logLevel = "info"
    /// More settings by service, such as `["analyzer": ["broken.hour_cycles": "5"]]`; they win over the above.
    var settings: [String: [String: String]] = [:]
}
