import Codec
import Kafka
import Postgres
import Runtime

/// Everything that can be set about the alerter; `schema` holds the keys, their types, defaults and meaning.
struct AlerterSettings: Sendable {
    let kafka: KafkaSettings
    let topicPrefix: String
    let group: String
    let tick: Duration
    let database: PostgresSettings
    let databaseTimeout: Duration
    let rulesFile: String?
    let webhook: WebhookSettings?
    let engine: EngineSettings
    let deadLetterRatio: Double
    let deadLetterMinimum: Int
    let healthAddress: String
    let healthPort: Int

    static let about = """
        Evaluates alerting rules over the samples and findings on Kafka and tells a webhook, once, what fires and when it \
        is over.
        """

    static let schema = SettingsSchema(
        service: "alerter",
        settings: Setting.common(healthPort: 9104) + kafkaSettings + databaseSettings + notifySettings
            + webhookSettings,
        open: ["kafka.librdkafka"])

    private static let kafkaSettings = [
        Setting(
            "kafka.bootstrap_servers", .string, default: "127.0.0.1:9092", aliases: ["KAFKA_BOOTSTRAP_SERVERS"],
            help: "Where Kafka is: host:port, several with commas."),
        Setting(
            "kafka.topic_prefix", .string, default: Topics.defaultPrefix,
            help: "What the names of all topics begin with."),
        Setting("kafka.group", .string, default: "pganalytics-alerter", help: "The consumer group."),
        Setting(
            "deadletter.max_ratio", .double, default: "0.5",
            help: "When more than this share of the messages cannot be used, the alerter stops reading and says so."),
        Setting(
            "deadletter.minimum", .integer, default: "100", range: 0...1_000_000,
            help: "So many unusable messages at a time are never too many."),
    ]

    private static let databaseSettings = [
        Setting(
            "database.url", .string, required: true, secret: true, aliases: ["DATABASE_URL"],
            help: "Where the state is kept: postgresql://user:password@host:port/database."),
        Setting(
            "database.timeout", .duration, default: "2s",
            help: "How long to wait for the database before going on without it; no page waits longer."),
        Setting(
            "rules.file", .string,
            help: "The alerting rules, in Prometheus' format; the shipped ones when none is given. See rules check."),
    ]

    private static let notifySettings = [
        Setting(
            "notify.repeat", .duration, default: "4h",
            help: "An alert that goes on firing is told again after this long."),
        Setting(
            "notify.stale_after", .duration, default: "60s",
            help: "A page about data older than this waits a little, for newer data may take it back."),
        Setting("notify.hold", .duration, default: "15s", help: "How long it waits at most."),
        Setting(
            "notify.give_up", .duration, default: "24h",
            help: "A message that could not be delivered for this long is given up."),
        Setting(
            "notify.external_url", .string, default: "",
            help: "Where people look alerts up; sent along in each message."),
        Setting(
            "evaluation.tick", .duration, default: "200ms",
            help: "How often time passes for silences and pending alerts; what arrives is evaluated at once."),
    ]

    private static let webhookSettings = [
        Setting(
            "webhook.url", .string, secret: true,
            help:
                "Where alerts go: an HTTP endpoint that takes Alertmanager's webhook, version 4. It is a secret, for it may be a credential."
        ),
        Setting(
            "webhook.secret", .string, secret: true,
            help: "Signs each message as Standard Webhooks has it: whsec_ and base64, or any text."),
        Setting("webhook.name", .string, default: "webhook", help: "The receiver's name in messages and events."),
        Setting("webhook.timeout", .duration, default: "10s", help: "How long an attempt may take."),
        Setting(
            "webhook.allow_private", .boolean, default: "true",
            help:
                "Whether the webhook may be on loopback or in a private network. It is the operator's own setting, so it may; set it to false where others choose the URL."
        ),
    ]

    init(_ settings: Settings) throws {
        kafka = KafkaSettings(
            bootstrapServers: settings.string("kafka.bootstrap_servers"), clientID: "alerter@\(hostName())",
            properties: settings.map("kafka.librdkafka"), missingTopicRemedy: Topics.missingRemedy)
        topicPrefix = settings.string("kafka.topic_prefix")
        group = settings.string("kafka.group")
        tick = settings.duration("evaluation.tick")
        do {
            var database = try PostgresSettings(url: settings.string("database.url"))
            database.applicationName = "pganalytics-alerter"
            self.database = database
        } catch {
            throw settings.invalid("database.url", error.message)
        }
        databaseTimeout = settings.duration("database.timeout")
        rulesFile = settings.optionalString("rules.file")
        webhook = try settings.optionalString("webhook.url").map { url in
            guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
                throw settings.invalid("webhook.url", "give a URL that begins with https:// or http://")
            }
            return WebhookSettings(
                name: settings.string("webhook.name"), url: url,
                key: settings.optionalString("webhook.secret").map(StandardWebhook.key(of:)),
                timeout: settings.duration("webhook.timeout"), allowPrivate: settings.boolean("webhook.allow_private"))
        }
        var engine = EngineSettings()
        engine.notifications.receiver = webhook?.name
        engine.notifications.externalURL = settings.string("notify.external_url")
        engine.notifications.repeatEvery = settings.duration("notify.repeat").microseconds
        engine.notifications.staleAfter = settings.duration("notify.stale_after").microseconds
        engine.notifications.holdAtMost = settings.duration("notify.hold").microseconds
        engine.notifications.retry.giveUpAfter = settings.duration("notify.give_up").microseconds
        self.engine = engine
        deadLetterRatio = settings.double("deadletter.max_ratio")
        guard (0...1).contains(deadLetterRatio) else {
            throw settings.invalid("deadletter.max_ratio", "give a share from 0 to 1")
        }
        deadLetterMinimum = settings.integer("deadletter.minimum")
        healthAddress = settings.string("health.address")
        healthPort = settings.integer("health.port")
    }

    /// The rules to evaluate; the first thing in their file that cannot be used is thrown, with its place.
    func rules() throws -> [Rule] {
        guard let rulesFile else {
            return try RuleFile.parse(ShippedRules.text, name: ShippedRules.name, catalogue: .codec).rules
        }
        return try RuleFile.read(rulesFile).rules
    }
}

extension Duration {
    /// Whole microseconds, the unit of all times on the topics.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
