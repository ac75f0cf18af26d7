import Codec
import Kafka
import Runtime
import Synchronization

/// Carries messages from the spool to Kafka, the oldest first, for ever.
///
/// A message leaves the spool when all replicas in sync have it. While Kafka is away the spool grows and collecting goes on.
final class Sender: Sendable {
    private let spool: Spool
    private let settings: KafkaSettings
    private let prefix: String
    private let collector: String
    private let logger: Logger
    private let registry: MetricRegistry
    private let producer: Mutex<KafkaProducer>
    private let sentCounter: Counter
    private let droppedCounter: Counter
    private let sentBytes: Counter

    /// Records in a batch, and the bytes of the spool that it is made from.
    private static let batchBytes = 4 << 20
    private static let batchRecords = 2_000

    init(
        spool: Spool, settings: KafkaSettings, prefix: String, collector: String, logger: Logger,
        metrics: MetricRegistry
    ) throws(KafkaError) {
        self.spool = spool
        var settings = settings
        // The spool waits for as long as it takes. A message that timed out while a later one of its stream went through
        // would come out of order, and count as lost.
        if settings.properties["message.timeout.ms"] == nil, settings.properties["delivery.timeout.ms"] == nil {
            settings.properties["message.timeout.ms"] = "2147483647"
        }
        self.settings = settings
        self.prefix = prefix
        self.collector = collector
        self.logger = logger
        registry = metrics
        producer = Mutex(try KafkaProducer(settings, logger: logger, metrics: metrics))
        sentCounter = metrics.counter("collector_sent_messages_total", help: "Messages acknowledged by Kafka.")
        droppedCounter = metrics.counter(
            "collector_refused_messages_total", help: "Messages that Kafka will never take, such as too large ones.")
        sentBytes = metrics.counter("collector_sent_bytes_total", help: "Bytes of their payloads, before compression.")
    }

    /// Messages acknowledged since the process began.
    var sent: Int { sentCounter.value }

    private var current: KafkaProducer { producer.withLock { $0 } }

    /// Runs until the shutdown; then what Kafka has not acknowledged stays in the spool.
    func run(_ shutdown: Shutdown) async {
        let watch = Task { await watchTrouble(shutdown) }
        let closing = Task {
            await shutdown.wait()
            // What is spooled by now is given a moment; a Kafka that is away is not waited for.
            try? await Task.sleep(for: .milliseconds(500))
            await self.current.close(within: .seconds(2))
        }
        var position = await spool.acknowledged()
        while !shutdown.isRequested {
            let (messages, next) = await spool.read(from: position, limit: Self.batchBytes)
            if messages.isEmpty {
                if next > position {
                    // Readings without messages: nothing to deliver, and their segment may go.
                    position = next
                    await spool.acknowledge(next)
                }
                await spool.waitForNews(atMost: .milliseconds(500))
                continue
            }
            var isComplete = true
            for start in stride(from: 0, to: messages.count, by: Self.batchRecords) where isComplete {
                isComplete = await deliver(messages[start..<min(start + Self.batchRecords, messages.count)], shutdown)
            }
            guard isComplete else { break }
            position = next
            await spool.acknowledge(next)
        }
        watch.cancel()
        await closing.value
    }

    /// Sends until every message is acknowledged or refused for good. Returns false at the shutdown.
    private func deliver(_ messages: ArraySlice<SpooledMessage>, _ shutdown: Shutdown) async -> Bool {
        var rest = Array(messages)
        var backoff = Backoff(first: .milliseconds(200), last: .seconds(10))
        while true {
            let results = await current.send(rest.map(record))
            var again: [SpooledMessage] = []
            var failure: KafkaError?
            for (message, error) in zip(rest, results) {
                guard let error else {
                    sentCounter.add()
                    sentBytes.add(message.message.payload.count)
                    continue
                }
                if Self.isPermanent(error) {
                    droppedCounter.add()
                    logger.error(
                        "Kafka will never take a message; it is left out and its number is a gap",
                        [
                            .kafkaTopic: LogValue(message.message.topic), .errorCode: LogValue(error.code.rawValue),
                            .errorMessage: LogValue(error.message),
                        ])
                    continue
                }
                again.append(message)
                failure = failure ?? error
            }
            guard let failure else { return true }
            if shutdown.isRequested { return false }
            rest = again
            logger.warning(
                "Kafka did not take messages; they are sent again",
                [
                    .batchRecords: LogValue(again.count), .errorCode: LogValue(failure.code.rawValue),
                    .errorMessage: LogValue(Self.advice(failure)),
                ])
            if failure.isFatal { await renew() }
            await shutdown.sleep(for: backoff.failed(random: Double.random(in: 0...1)))
        }
    }

    /// An idempotent producer that lost its place (librdkafka #4438, before 2.3.0) can send nothing more: another one goes
    /// on from the spool. What the first one did deliver is dropped by its number.
    private func renew() async {
        await current.close(within: .seconds(1))
        while true {
            do throws(KafkaError) {
                let fresh = try KafkaProducer(settings, logger: logger, metrics: registry)
                producer.withLock { $0 = fresh }
                return
            } catch {
                logger.error("No new Kafka producer can be made", [.errorMessage: LogValue(error.message)])
                try? await Task.sleep(for: .seconds(5))
            }
        }
    }

    private static func isPermanent(_ error: KafkaError) -> Bool {
        guard !error.isRetriable, !error.isFatal else { return false }
        return error.code == .messageTooLarge || error.code.rawValue == "INVALID_RECORD"
    }

    private static func advice(_ error: KafkaError) -> String {
        error.code == .unknownTopic || error.code.rawValue == "_UNKNOWN_TOPIC"
            ? error.message + " (pganalytics topics apply)" : error.message
    }

    /// Says once in a while that Kafka is away: `send` itself waits without a word.
    private func watchTrouble(_ shutdown: Shutdown) async {
        var said: KafkaError.Code?
        while !Task.isCancelled, !shutdown.isRequested {
            await shutdown.sleep(for: .seconds(5))
            let error = current.lastError
            if let error, said != error.code {
                logger.warning(
                    "Kafka takes nothing; samples are kept in the spool",
                    [.errorCode: LogValue(error.code.rawValue), .errorMessage: LogValue(error.message)])
            } else if error == nil, said != nil {
                logger.info("Kafka takes messages again")
            }
            said = error?.code
        }
    }

    private func record(_ spooled: SpooledMessage) -> ProducerRecord {
        let message = spooled.message
        let stream = StreamName(producer: collector, topic: message.topic, key: message.key)
        let envelope = Envelope(
            source: stream.description, id: spooled.sequence > 0 ? "\(spooled.epoch).\(spooled.sequence)" : message.key,
            type: message.type, time: message.time, version: message.version)
        return ProducerRecord(
            topic: prefix + message.topic, key: Array(message.key.utf8), value: message.payload,
            headers: envelope.headers)
    }

    /// Sends one message past the spool, once: a heartbeat of a moment ago is worth nothing. Returns whether it arrived.
    func sendDirectly(_ status: CollectorStatus, epoch: String, sequence: UInt64) async -> Bool {
        let stream = StreamName(producer: collector, topic: Topics.collectors.name, key: collector)
        let envelope = Envelope(Topics.collectors, stream: stream, epoch: epoch, sequence: sequence, time: status.time)
        let record = ProducerRecord(
            topic: Topics.collectors.fullName(prefix: prefix), key: Array(collector.utf8), value: status.encoded(),
            headers: envelope.headers)
        return await current.send([record]).first == .some(nil)
    }
}
