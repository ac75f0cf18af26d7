import Runtime

/// How to reach one server, and how hard to look at it.
struct ServerSettings: Sendable {
    /// Unique in the fleet.
    var id: String
    var host: String
    var port: Int
    var user: String
    var password: String?
    var database: String
    var sslMode: String?
    var interval: Duration
    /// Whether it runs on this machine, so that /proc is its system.
    var isLocal: Bool
    var statementTimeout: Duration
    /// Statement texts are read while the server's file of them is below this.
    var textBytes: Int
    /// More entries than this are not read: see the family's outcome.
    var maximalStatements: Int
}

/// Everything the collector is told.
struct CollectorSettings: Sendable {
    var id: String?
    var stateDirectory: String
    var heartbeat: Duration
    /// What a family may cost each time, whatever part of the interval that is.
    var costAllowance: Duration
    var spool: SpoolLimits
    var bootstrapServers: String
    var topicPrefix: String
    var kafkaProperties: [String: String]
    var healthAddress: String
    var healthPort: Int
    var servers: [ServerSettings]

    /// The keys, their types and defaults.
    static let schema = SettingsSchema(
        service: "collector",
        settings: Setting.common(healthPort: 9101) + [
            Setting(
                "collector.id", .string,
                help:
                    "What this collector is called in the fleet; made once and kept in the state directory when it is not set."
            ),
            Setting(
                "collector.state_directory", .string, default: "/var/lib/pganalytics/collector",
                help: "Where the spool and the readings are kept. One collector alone may use it."),
            Setting(
                "collector.interval", .duration, default: "10s",
                help: "How often each server is read; a [[server]] may say otherwise."),
            Setting(
                "collector.heartbeat", .duration, default: "10s", help: "How often the collector says that it is alive."
            ),
            Setting(
                "collector.cost_allowance", .duration, default: "100ms",
                help:
                    "What reading a family may take in any case. One that takes 2 % of the interval more is read more seldom, until it does not; raise this where a slow machine and no server is the cause."
            ),
            Setting(
                "spool.max_bytes", .bytes, default: "1GiB",
                help:
                    "What the spool may take on disk while Kafka is away. Beyond it the oldest is dropped, and shows as a gap."
            ),
            Setting("spool.segment_bytes", .bytes, default: "8MiB", help: "The size of a file of the spool."),
            Setting(
                "spool.memory_bytes", .bytes, default: "64MiB",
                help: "What is held in memory while the disk takes nothing."),
            Setting(
                "kafka.bootstrap_servers", .string, default: "localhost:9092", aliases: ["KAFKA_BOOTSTRAP_SERVERS"],
                help: "Where Kafka is met first, host:port,host:port."),
            Setting(
                "kafka.topic_prefix", .string, default: "pganalytics.", help: "What the names of the topics begin with."
            ),
        ],
        tables: [
            "server": [
                Setting("id", .string, required: true, help: "What the server is called; unique in the fleet."),
                Setting(
                    "host", .string, default: "localhost", help: "Its name, address, or the directory of its socket."),
                Setting("port", .integer, default: "5432", range: 1...65_535, help: "Its port."),
                Setting(
                    "user", .string, default: "pganalytics", help: "The role to connect as; pg_monitor is all it needs."
                ),
                Setting("password", .string, secret: true, help: "The role's password."),
                Setting("database", .string, default: "postgres", help: "Where the extension pg_stat_statements is."),
                Setting(
                    "sslmode", .string, choices: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
                    help: "libpq's sslmode; its own default, prefer, when not set."),
                Setting("interval", .duration, help: "How often it is read, instead of collector.interval."),
                Setting(
                    "local", .boolean, default: "false",
                    help: "Whether it runs on the collector's machine: then /proc is read for its system."),
                Setting(
                    "statement_timeout", .duration, default: "5s",
                    help: "How long a query of the collector may take there."),
                Setting(
                    "text_bytes", .bytes, default: "64MiB",
                    help:
                        "Statement texts are not read while they take more there: a read takes that much memory of the server. Their size is that of the server's file of them where the role may call pg_stat_file(text), else the last reading's: then statement_timeout alone bounds the first reading after a start."
                ),
                Setting(
                    "max_statements", .integer, default: "50000", range: 100...1_000_000,
                    help: "With more entries than this the statements are not read."),
            ]
        ],
        open: ["kafka.librdkafka"])

    /// Takes the settings apart and refuses what cannot be.
    init(_ settings: Settings) throws(SettingsError) {
        id = settings.optionalString("collector.id")
        if let id,
            id.isEmpty || id.contains("/") || id.utf8.count > 200
                || id.unicodeScalars.contains(where: { $0.value < 33 })
        {
            throw settings.invalid("collector.id", "use 1 to 200 characters without spaces and slashes")
        }
        stateDirectory = settings.string("collector.state_directory")
        heartbeat = settings.duration("collector.heartbeat")
        if heartbeat < .milliseconds(100) { throw settings.invalid("collector.heartbeat", "100ms is the least") }
        costAllowance = settings.duration("collector.cost_allowance")
        spool = SpoolLimits(
            segmentBytes: settings.bytes("spool.segment_bytes"), maximalBytes: settings.bytes("spool.max_bytes"),
            memoryBytes: settings.bytes("spool.memory_bytes"))
        if spool.maximalBytes < 2 * spool.segmentBytes {
            throw settings.invalid("spool.max_bytes", "it must hold two segments (spool.segment_bytes) at least")
        }
        bootstrapServers = settings.string("kafka.bootstrap_servers")
        topicPrefix = settings.string("kafka.topic_prefix")
        kafkaProperties = settings.map("kafka.librdkafka")
        healthAddress = settings.string("health.address")
        healthPort = settings.integer("health.port")
        let interval = settings.duration("collector.interval")
        if interval < .milliseconds(100) { throw settings.invalid("collector.interval", "100ms is the least") }
        servers = []
        var places: [String: String] = [:]
        for table in settings.tables("server") {
            let server = try Self.server(table, interval: interval)
            if let other = places[server.id] {
                throw table.invalid("id", "the [[server]] at \(other) has it already, and ids are unique")
            }
            places[server.id] = table.place ?? "the same file"
            servers.append(server)
        }
    }

    private static func server(_ table: Settings, interval: Duration) throws(SettingsError) -> ServerSettings {
        let id = table.string("id")
        if id.isEmpty || id.utf8.count > 200 || id.unicodeScalars.contains(where: { $0.value < 32 }) {
            throw table.invalid("id", "use 1 to 200 printable characters")
        }
        let own = table.has("interval") ? table.duration("interval") : interval
        if own < .milliseconds(100) { throw table.invalid("interval", "100ms is the least") }
        let timeout = table.duration("statement_timeout")
        if timeout < .milliseconds(100) || timeout > .seconds(600) {
            throw table.invalid("statement_timeout", "use 100ms to 10m")
        }
        return ServerSettings(
            id: id, host: table.string("host"), port: table.integer("port"), user: table.string("user"),
            password: table.optionalString("password"), database: table.string("database"),
            sslMode: table.optionalString("sslmode"), interval: own, isLocal: table.boolean("local"),
            statementTimeout: timeout, textBytes: table.bytes("text_bytes"),
            maximalStatements: table.integer("max_statements"))
    }
}
