import Codec
import HTTP
import Kafka
import Postgres
import Runtime

/// The analyzer's parts, put together: the only place that names concrete drivers.
struct AnalyzerParts: Sendable {
    /// In the order in which they start.
    let services: [(name: String, run: @Sendable (Shutdown) async throws -> Void)]
    let sink: AnalyzerSink
    let loop: ConsumerLoop

    static func build(
        _ settings: AnalyzerSettings, logger: Logger, registry: MetricRegistry = MetricRegistry()
    ) throws -> AnalyzerParts {
        let metrics = AnalyzerMetrics(registry)
        let producer = try KafkaProducer(
            settings.kafka, messageLimit: Topics.deadletter.maxMessageBytes, logger: logger, metrics: registry)
        let pool = PostgresPool(
            settings.database, limit: 2, patience: settings.databaseTimeout, connectTimeout: settings.databaseTimeout,
            logger: logger)
        let bell = Bell()
        let deadLetters = KafkaDeadLetters(
            producer: producer, topic: Topics.deadletter.fullName(prefix: settings.topicPrefix))
        let sink = AnalyzerSink(
            settings, pool: pool, deadLetters: deadLetters, bell: bell, logger: logger, metrics: metrics)
        let loop = ConsumerLoop(
            settings.kafka, group: settings.group, topics: AnalyzerTopics(prefix: settings.topicPrefix).all,
            tick: .seconds(1), sink: sink, logger: logger, metrics: registry)
        let sender = OutboxSender(
            database: settings.database, store: AnalyzerStore(), producer: producer,
            topic: Topics.findings.fullName(prefix: settings.topicPrefix), poll: settings.outboxPoll,
            timeout: settings.databaseTimeout, bell: bell, logger: logger, metrics: metrics)
        return AnalyzerParts(
            services: [
                (
                    "health",
                    { shutdown in
                        let listener = try HealthListener(
                            address: settings.healthAddress, port: settings.healthPort, metrics: registry,
                            logger: logger, ready: { loop.notReady ?? producer.lastError?.message })
                        await shutdown.wait()
                        listener.stop()
                    }
                ),
                (
                    "database",
                    { shutdown in
                        await shutdown.wait()
                        await pool.close()
                    }
                ),
                ("outbox", { shutdown in try await sender.run(until: shutdown) }),
                ("consumer", { shutdown in try await loop.run(until: shutdown) }),
                (
                    // Ended first: with Kafka away nobody could end who waits for it, and nothing is lost, for what is
                    // not acknowledged stays stored.
                    "producer",
                    { shutdown in
                        await shutdown.wait()
                        await producer.close(within: .seconds(5))
                    }
                ),
            ],
            sink: sink, loop: loop)
    }
}
