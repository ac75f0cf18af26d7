import CRdkafka

/// How to reach a Kafka cluster. The properties pass through to librdkafka and override what the driver sets.
public struct KafkaSettings: Sendable {
    /// `host:port,host:port`, where the first contact is made.
    public var bootstrapServers: String

    /// What brokers log and show of us, `service@host`.
    public var clientID: String

    /// librdkafka's own properties (security, tuning), by their names in its CONFIGURATION.md.
    public var properties: [String: String]

    /// What the error of a topic that does not exist tells people to do.
    public var missingTopicRemedy: String

    public init(
        bootstrapServers: String, clientID: String, properties: [String: String] = [:],
        missingTopicRemedy: String = "create it first"
    ) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.properties = properties
        self.missingTopicRemedy = missingTopicRemedy
    }

    /// The level of zstd at which a producer compresses: a table of statements takes half a per cent fewer bytes than at
    /// librdkafka's own choice of 3.
    public static let compressionLevel: Int32 = 6

    /// The version of librdkafka that is linked, as `2.0.2`.
    public static var libraryVersion: String { String(cString: rd_kafka_version_str()) }
}

extension KafkaSettings {
    /// What every client of ours is given.
    var common: [(String, String)] {
        [
            ("bootstrap.servers", bootstrapServers),
            ("client.id", clientID),
            // librdkafka calls its log callback on internal threads with locks held (#355); this sends the lines
            // through the queue that our own thread serves.
            ("log.queue", "true"),
            // Statistics events that nobody serves pile up by tens of kilobytes a tick.
            ("statistics.interval.ms", "0"),
            ("socket.keepalive.enable", "true"),
            ("socket.nagle.disable", "true"),
            ("reconnect.backoff.max.ms", "5000"),
        ]
    }

    /// A producer that loses, doubles and reorders nothing as long as it lives.
    func producer(messageLimit: Int) -> [(String, String)] {
        common + [
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("compression.codec", "zstd"),
            ("compression.level", String(Self.compressionLevel)),
            ("linger.ms", "20"),
            ("batch.size", "1000000"),
            (Self.messageLimit, String(messageLimit)),
            // The default (CRC32) puts keys on other partitions than every Java client does.
            ("partitioner", "murmur2_random"),
            // The default lets 1 GiB pile up in memory; QUEUE_FULL is our back-pressure instead.
            ("queue.buffering.max.kbytes", "65536"),
            // Before 2.3.0 a message that times out may leave an idempotent producer unable to go on (#4438): rarely.
            ("message.timeout.ms", "120000"),
            ("topic.metadata.propagation.max.ms", "10000"),
            ("topic.metadata.refresh.interval.ms", "60000"),
        ]
    }

    /// A consumer whose position is somebody else's to keep.
    func consumer(group: String) -> [(String, String)] {
        var list =
            common + [
                ("group.id", group),
                // By default an offset counts as dealt with as soon as the record was handed over.
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("auto.offset.reset", "error"),
                // Cooperative assignors crash, hang or lose the assignment in one version or other up to 2.10
                // (#4059, #4527, #4783, #4908).
                ("partition.assignment.strategy", "range"),
                ("fetch.wait.max.ms", "50"),
                ("fetch.error.backoff.ms", "100"),
                // A record larger than fetch.message.max.bytes (1 MiB) comes all the same: a broker gives the first batch
                // of a fetch whole, whatever its size (Kafka 0.10.1). receive.message.max.bytes (100 MB) bounds the answer.
                // Per partition the default is 64 MiB and 100,000 messages.
                ("queued.max.messages.kbytes", "32768"),
                ("queued.min.messages", "10000"),
                ("check.crcs", "true"),
                ("session.timeout.ms", "15000"),
                ("allow.auto.create.topics", "false"),
                // How soon a topic that is made later, or grown, is noticed.
                ("topic.metadata.refresh.interval.ms", "10000"),
            ]
        if rd_kafka_version() >= 0x0202_0000 {
            // How long a partition rests when the queue is full. Before 2.2.0 it is 1 s and cannot be set (#2879).
            list.append(("fetch.queue.backoff.ms", "10"))
        }
        return list
    }

    /// The property that limits a producer's messages.
    static let messageLimit = "message.max.bytes"

    /// What an error message says of where we connected: never a secret.
    var place: String { bootstrapServers.isEmpty ? "no bootstrap servers" : bootstrapServers }

    /// The SASL mechanism in use, upper case, or nil.
    var saslMechanism: String? {
        guard (properties["security.protocol"] ?? "").lowercased().hasPrefix("sasl") else { return nil }
        return (properties["sasl.mechanism"] ?? properties["sasl.mechanisms"] ?? "GSSAPI").uppercased()
    }
}
