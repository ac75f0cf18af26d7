public import Runtime

extension KafkaSettings {
    /// The settings a service that uses Kafka has; `KafkaSettings.openSection` goes into its schema's open sections.
    public static var settings: [Setting] {
        [
            Setting(
                "kafka.bootstrap_servers", .string, required: true, aliases: ["KAFKA_BOOTSTRAP_SERVERS"],
                help: "Where the first contact with Kafka is made: host:port, several separated by commas.")
        ]
    }

    /// Properties of librdkafka by their own names, which override ours: security above all.
    public static let openSection = "kafka.librdkafka"

    /// Takes `kafka.bootstrap_servers` and the properties from a service's settings.
    public init(_ settings: Settings, clientID: String) {
        self.init(
            bootstrapServers: settings.string("kafka.bootstrap_servers"), clientID: clientID,
            properties: settings.map(Self.openSection))
    }
}
