import Codec
import HTTP
import Kafka
import Postgres
import Runtime
import Synchronization

/// The alerter's parts, put together: the only place that names concrete drivers.
struct AlerterParts: Sendable {
    /// In the order in which they start.
    let services: [(name: String, run: @Sendable (Shutdown) async throws -> Void)]
    let desk: AlertDesk

    static func build(
        _ settings: AlerterSettings, logger: Logger, registry: MetricRegistry = MetricRegistry()
    ) throws -> AlerterParts {
        let rules = try settings.rules()
        logger.info("Rules loaded", [.ruleCount: LogValue(rules.count)])
        let metrics = AlerterMetrics(registry)
        let start = ContinuousClock.now
        let clock: @Sendable () -> Moment = {
            Moment(wall: WallClock.microseconds(), steady: (ContinuousClock.now - start).microseconds)
        }
        let producer = try LastingProducer(
            settings.kafka, messageLimit: Topics.deadletter.maxMessageBytes, logger: logger, metrics: registry)
        let pool = PostgresPool(settings.database, limit: 2, patience: settings.databaseTimeout, logger: logger)
        let desk = AlertDesk(AlertEngine(rules: rules, catalogue: .codec, settings: settings.engine))
        let keeper = JournalKeeper(
            desk: desk, pool: pool, stateTopic: Topics.samples.fullName(prefix: settings.topicPrefix),
            findingsTopic: Topics.findings.fullName(prefix: settings.topicPrefix), timeout: settings.databaseTimeout,
            logger: logger, metrics: metrics, clock: clock)
        let (deliveries, events) = (Bell(), Bell())
        let probe = BrokerProbe(settings.kafka, logger: logger)
        let topics = AlerterTopics(prefix: settings.topicPrefix)
        let reading = LoopReference()
        let sink = AlerterSink(
            desk: desk, keeper: keeper, topics: topics,
            deadLetters: KafkaDeadLetters(
                producer: producer, topic: Topics.deadletter.fullName(prefix: settings.topicPrefix)),
            bells: [deliveries, events],
            limit: BadMessageLimit(ratio: settings.deadLetterRatio, minimum: settings.deadLetterMinimum),
            listening: { reading.isReading && probe.answers }, clock: clock, logger: logger, metrics: metrics)
        let loop = ConsumerLoop(
            settings.kafka, group: settings.group, topics: topics.all, tick: settings.tick, sink: sink, logger: logger,
            metrics: registry)
        reading.set(loop)
        let publisher = EventPublisher(
            desk: desk, keeper: keeper, producer: producer, topic: Topics.alerts.fullName(prefix: settings.topicPrefix),
            bell: events, logger: logger, metrics: metrics)
        let courier = Self.courier(
            settings, desk: desk, keeper: keeper, deliveries, events, clock, logger, metrics)
        return AlerterParts(
            services: [
                (
                    "health",
                    { shutdown in
                        let listener = try HealthListener(
                            address: settings.healthAddress, port: settings.healthPort, metrics: registry,
                            logger: logger, ready: { loop.notReady ?? Readiness.of(desk) })
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
                ("probe", { shutdown in try await probe.run(until: shutdown) }),
                (
                    "journal",
                    { shutdown in
                        while !shutdown.isRequested {
                            await shutdown.sleep(for: .seconds(1))
                            await keeper.revive()
                        }
                        await keeper.save()
                    }
                ),
                ("events", { shutdown in await publisher.run(until: shutdown) }),
                ("courier", { shutdown in await courier(shutdown) }),
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
            desk: desk)
    }

    /// What delivers; without a receiver it waits only.
    private static func courier(
        _ settings: AlerterSettings, desk: AlertDesk, keeper: JournalKeeper, _ deliveries: Bell, _ events: Bell,
        _ clock: @escaping @Sendable () -> Moment, _ logger: Logger, _ metrics: AlerterMetrics
    ) -> @Sendable (Shutdown) async -> Void {
        guard let webhook = settings.webhook else {
            logger.warning("No webhook.url is set: alerts are published and nobody is told")
            return { await $0.wait() }
        }
        // Checked by the address really connected to, so that a name cannot be turned after the check.
        let permits: (@Sendable (String) -> Bool)? =
            webhook.allowPrivate ? nil : { @Sendable in PublicAddress.isPublic($0) }
        return { shutdown in
            let client = HTTPClient(logger: logger, permits: permits)
            let courier = Courier(
                desk: desk, keeper: keeper, messenger: WebhookClient(settings: webhook, client: client),
                bell: deliveries, events: events, clock: clock, logger: logger, metrics: metrics)
            await courier.run(until: shutdown)
            client.close()
        }
    }
}

/// The loop, for a sink that is made before it.
private final class LoopReference: Sendable {
    private let loop = Mutex<ConsumerLoop?>(nil)

    func set(_ loop: ConsumerLoop) { self.loop.withLock { $0 = loop } }

    var isReading: Bool { loop.withLock { $0.map { $0.notReady == nil } ?? false } }
}

/// Why the alerter is not all it should be, for `/readyz`.
private enum Readiness {
    static func of(_ desk: AlertDesk) -> String? {
        desk.with { $0.storageUp == false } ? "the database is away: going on from memory" : nil
    }
}
