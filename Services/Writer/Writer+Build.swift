import Codec
import HTTP
import Kafka
import Postgres
import Runtime

/// The only file that puts the parts together.
extension Writer {
    /// Runs until a signal; the exit status.
    static func run(_ settings: WriterSettings, logger: Logger, shutdown: Shutdown = .onSignals()) async throws -> CInt
    {
        let metrics = MetricRegistry()
        let letterLimit = Topics.deadletter.maxMessageBytes
        let producer = try KafkaProducer(
            settings.kafka, messageLimit: letterLimit, logger: logger, metrics: metrics)
        let topics = InputTopics(prefix: settings.topicPrefix)
        let ingest = Ingest(
            settings.database, topics: topics, limits: settings.limits, publish: { await producer.send($0) },
            letterLimit: min(producer.messageLimit, letterLimit), logger: logger, metrics: metrics)
        let loop = ConsumerLoop(
            settings.kafka, group: group, topics: topics.all, batchLimit: settings.batchMessages,
            batchBytes: settings.limits.batchBytes, tick: .seconds(1), sink: ingest, logger: logger, metrics: metrics)
        let health = try HealthListener(
            address: settings.healthAddress, port: settings.healthPort, metrics: metrics, logger: logger,
            ready: { loop.notReady ?? ingest.notReady })
        logger.info("Writer started", [.healthPort: .integer(Int64(health.port))])
        let status = await runServices(
            [("consumer", { try await loop.run(until: $0) })], shutdown: shutdown, grace: .seconds(25), logger: logger)
        await producer.close(within: .seconds(5))
        health.stop()
        return status
    }
}

extension LogKey {
    static let healthPort: LogKey = "health.port"
}
