import Codec
import Kafka
import Postgres
import Runtime

/// Every key of the writer, and what is made of it.
struct WriterSettings: Sendable {
    static let schema = SettingsSchema(
        service: "writer",
        settings: Setting.common(healthPort: 9102) + [
            Setting(
                "kafka.bootstrap_servers", .string, default: "127.0.0.1:9092", aliases: ["KAFKA_BOOTSTRAP_SERVERS"],
                help: "Where the first contact to Kafka is made: host:port, several with commas."),
            Setting("kafka.topic_prefix", .string, default: "pganalytics.", help: "What the topics' names begin with."),
            Setting(
                "database.url", .string, required: true, secret: true, aliases: ["DATABASE_URL"],
                help: "The storage: postgresql://user:password@host:port/database."),
            Setting(
                "ingest.batch_messages", .integer, default: "1000", range: 1...100_000,
                help: "Messages in a transaction at most. It is committed at once when no more are there."),
            Setting(
                "ingest.batch_bytes", .bytes, default: "16MiB",
                help: "Bytes of messages in a transaction at most."),
            Setting(
                "ingest.bad_ratio", .double, default: "0.2",
                help: "The writer stops when more of the last messages than this cannot be used."),
            Setting(
                "ingest.bad_minimum", .integer, default: "20", range: 0...1_000_000,
                help: "So many of the last 2,000 messages may be unusable in any case."),
            Setting(
                "ingest.future", .duration, default: "24h",
                help: "How far in the future a table's time may be; beyond, it goes to the dead letters."),
            Setting(
                "retention.hot", .duration, default: "7d",
                help: "How long samples are kept: older days are dropped, older tables are counted and passed over."),
        ], open: ["kafka.librdkafka"])

    let kafka: KafkaSettings
    let topicPrefix: String
    let database: PostgresSettings
    let batchMessages: Int
    let limits: Ingest.Limits
    let healthAddress: String
    let healthPort: Int

    init(_ settings: Settings) throws {
        kafka = KafkaSettings(
            bootstrapServers: settings.string("kafka.bootstrap_servers"), clientID: "\(Writer.group)@\(hostName())",
            properties: settings.map("kafka.librdkafka"), missingTopicRemedy: Topics.missingRemedy)
        topicPrefix = settings.string("kafka.topic_prefix")
        database = try Self.database(settings)
        batchMessages = settings.integer("ingest.batch_messages")
        let ratio = settings.double("ingest.bad_ratio")
        guard (0...1).contains(ratio) else { throw settings.invalid("ingest.bad_ratio", "give a number from 0 to 1") }
        limits = Ingest.Limits(
            batchBytes: settings.bytes("ingest.batch_bytes"), badRatio: ratio,
            badMinimum: settings.integer("ingest.bad_minimum"),
            retention: Self.microseconds(settings.duration("retention.hot")),
            future: Self.microseconds(settings.duration("ingest.future")))
        healthAddress = settings.string("health.address")
        healthPort = settings.integer("health.port")
    }

    /// The database alone, for `migrate`.
    static func database(_ settings: Settings) throws -> PostgresSettings {
        var database = try PostgresSettings(url: settings.string("database.url"))
        if database.applicationName.isEmpty { database.applicationName = Writer.group }
        return database
    }

    private static func microseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
    }
}
