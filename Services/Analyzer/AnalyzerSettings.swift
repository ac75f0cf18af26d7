import Codec
import Kafka
import Postgres
import Runtime

/// Everything that can be set about the analyzer; `schema` holds the keys, their types, defaults and meaning.
struct AnalyzerSettings: Sendable {
    let kafka: KafkaSettings
    let topicPrefix: String
    let group: String
    let database: PostgresSettings
    let databaseTimeout: Duration
    let rule: StatementBroken.Settings
    let cachedBaselines: Int
    let baselinesPerInstance: Int
    let baselineRetention: Duration
    let outboxPoll: Duration
    let deadLetterRatio: Double
    let deadLetterMinimum: Int
    let healthAddress: String
    let healthPort: Int

    static let about = """
        Reads the samples of all servers from Kafka, learns what each statement's mean execution time is like at each hour \
        of the day, and publishes a finding when one is broken.
        """

    static let schema = SettingsSchema(
        service: "analyzer",
        settings: Setting.common(healthPort: 9103) + kafkaSettings + databaseSettings + ruleSettings,
        open: ["kafka.librdkafka"])

    private static let kafkaSettings = [
        Setting(
            "kafka.bootstrap_servers", .string, default: "127.0.0.1:9092", aliases: ["KAFKA_BOOTSTRAP_SERVERS"],
            help: "Where Kafka is: host:port, several with commas."),
        Setting(
            "kafka.topic_prefix", .string, default: Topics.defaultPrefix,
            help: "What the names of all topics begin with."),
        Setting("kafka.group", .string, default: "pganalytics-analyzer", help: "The consumer group."),
        Setting(
            "deadletter.max_ratio", .double, default: "0.5",
            help: "When more than this share of the messages cannot be used, the analyzer ends and says so."),
        Setting(
            "deadletter.minimum", .integer, default: "100", range: 0...1_000_000,
            help: "So many unusable messages at a time are never too many."),
    ]

    private static let databaseSettings = [
        Setting(
            "database.url", .string, required: true, secret: true, aliases: ["DATABASE_URL"],
            help: "The storage: postgresql://user:password@host:port/database."),
        Setting(
            "database.timeout", .duration, default: "10s",
            help: "How long a connection may take to open, and how long to wait for one that is in use."),
        Setting("outbox.poll", .duration, default: "1s", help: "How often the outbox is looked at when nobody calls."),
        Setting(
            "baseline.cached", .integer, default: "50000", range: 1...10_000_000,
            help: "Baselines kept in memory, about 3 kB each; the others are read again when their statement runs."),
        Setting(
            "baseline.per_instance", .integer, default: "10000", range: 1...1_000_000,
            help: "Baselines stored of one server; those not seen for longest go first."),
        Setting(
            "baseline.retention", .duration, default: "30d",
            help: "A baseline that nothing was added to for this long goes."),
    ]

    private static let ruleSettings = [
        Setting(
            "broken.factor", .double, default: "2",
            help: "A statement is broken when its mean execution time in a cycle passes this many times the quantile."),
        Setting("broken.quantile", .double, default: "0.95", help: "Which quantile of the baseline."),
        Setting("broken.grace", .duration, default: "24h", help: "After a statement is first seen it is only learnt."),
        Setting(
            "broken.hour_cycles", .integer, default: "30", range: 1...1_000_000,
            help:
                "Cycles that an hour of the day must have seen before its own baseline is used and not that of all hours."
        ),
        Setting(
            "broken.min_cycles", .integer, default: "1", range: 1...1_000_000,
            help: "Cycles that a baseline must have seen before it judges at all."),
        Setting(
            "broken.min_calls", .integer, default: "1", range: 1...1_000_000_000,
            help: "A cycle with fewer calls is learnt and not judged."),
        Setting(
            "broken.floor", .duration, default: "0s",
            help: "A mean execution time below this is never broken, however small the usual one is."),
        Setting(
            "broken.update_every", .duration, default: "5m", help: "How often a finding that stays open is updated."),
        Setting(
            "broken.recover_cycles", .integer, default: "3", range: 1...1_000_000,
            help: "Normal cycles in a row that resolve a finding."),
        Setting(
            "broken.idle_after", .duration, default: "15m",
            help: "A finding resolves when its statement has not run for this long."),
        Setting(
            "broken.adopt_after", .duration, default: "24h",
            help: "A statement that has been broken for this long without a recovery has a new normal."),
    ]

    init(_ settings: Settings) throws {
        kafka = KafkaSettings(
            bootstrapServers: settings.string("kafka.bootstrap_servers"), clientID: "analyzer@\(hostName())",
            properties: settings.map("kafka.librdkafka"), missingTopicRemedy: Topics.missingRemedy)
        topicPrefix = settings.string("kafka.topic_prefix")
        group = settings.string("kafka.group")
        do {
            var database = try PostgresSettings(url: settings.string("database.url"))
            database.applicationName = "pganalytics-analyzer"
            self.database = database
        } catch {
            throw settings.invalid("database.url", error.message)
        }
        databaseTimeout = settings.duration("database.timeout")
        var rule = StatementBroken.Settings()
        rule.factor = try Self.number(settings, "broken.factor", 1...1_000_000)
        rule.quantile = try Self.number(settings, "broken.quantile", 0...1)
        rule.grace = settings.duration("broken.grace")
        rule.hourMinimum = settings.integer("broken.hour_cycles")
        rule.minimumCycles = settings.integer("broken.min_cycles")
        rule.minimumCalls = Int64(settings.integer("broken.min_calls"))
        rule.floor = Double(settings.duration("broken.floor").microseconds) * 1_000
        rule.updateEvery = settings.duration("broken.update_every")
        rule.recoverAfter = Int64(settings.integer("broken.recover_cycles"))
        rule.idleAfter = settings.duration("broken.idle_after")
        rule.adoptAfter = settings.duration("broken.adopt_after")
        self.rule = rule
        cachedBaselines = settings.integer("baseline.cached")
        baselinesPerInstance = settings.integer("baseline.per_instance")
        baselineRetention = settings.duration("baseline.retention")
        outboxPoll = settings.duration("outbox.poll")
        deadLetterRatio = try Self.number(settings, "deadletter.max_ratio", 0...1)
        deadLetterMinimum = settings.integer("deadletter.minimum")
        healthAddress = settings.string("health.address")
        healthPort = settings.integer("health.port")
    }

    private static func number(
        _ settings: Settings, _ name: String, _ range: ClosedRange<Double>
    ) throws(SettingsError) -> Double {
        let value = settings.double(name)
        guard range.contains(value) else {
            throw settings.invalid(name, "give a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
