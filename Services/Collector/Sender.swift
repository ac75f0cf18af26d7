import Codec
import Kafka
import Runtime
import Synchronization

/// Carries messages from the spool to Kafka, the oldest first, for ever.
///
/// A message leaves the spool when all replicas in sync have it. While Kafka is away the spool grows and collecting goes on.
/// Topics go in lanes beside one another: one that is missing or forbidden waits, the order within it kept, and the others
/// do not wait for it.
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

    /// How many partitions topics have, and until when that is believed.
    private let counts = Mutex<[String: (count: Int, until: ContinuousClock.Instant)]>([:])

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
        await withTaskGroup(of: Void.self) { group in
            for lane in Lane.all { group.addTask { await self.carry(lane, shutdown) } }
        }
        watch.cancel()
        await closing.value
    }

    /// Carries what goes in one lane.
    private func carry(_ lane: String, _ shutdown: Shutdown) async {
        let news = spool.listen()
        var position = await spool.place(of: lane)
        while !shutdown.isRequested {
            let (all, next) = await spool.read(from: position, limit: Self.batchBytes)
            let messages = all.filter { Lane.of($0.message.topic) == lane }
            var isComplete = true
            for start in stride(from: 0, to: messages.count, by: Self.batchRecords) where isComplete {
                isComplete = await deliver(messages[start..<min(start + Self.batchRecords, messages.count)], shutdown)
            }
            guard isComplete else { break }
            if next > position {
                position = next
                await spool.acknowledge(lane, to: next)
            }
            if all.isEmpty { await news.wait(atMost: .milliseconds(500)) }
        }
    }

    /// Sends until every message is acknowledged or refused for good. Returns false at the shutdown.
    private func deliver(_ messages: ArraySlice<SpooledMessage>, _ shutdown: Shutdown) async -> Bool {
        var rest = Array(messages)
        var backoff = Backoff(first: .milliseconds(200), last: .seconds(10))
        while true {
            let producer = current
            let failure: KafkaError
            do throws(KafkaError) {
                let count = try await spread(&rest)
                let results = await producer.send(rest.map { record($0, among: count) })
                guard let first = settle(&rest, results) else { return true }
                failure = first
                log(failure, of: rest.count)
            } catch {
                failure = error
                // That Kafka is away is said elsewhere, once.
                if Self.isOfTopic(error) { log(error, of: rest.count) }
            }
            if shutdown.isRequested { return false }
            if failure.isFatal { await renew(producer) }
            await shutdown.sleep(for: backoff.failed(random: Double.random(in: 0...1)))
            // A producer that was made meanwhile is closed by nobody.
            if shutdown.isRequested { return false }
        }
    }

    /// Leaves those that are to be sent again, and returns why.
    private func settle(_ messages: inout [SpooledMessage], _ results: [KafkaError?]) -> KafkaError? {
        var again: [SpooledMessage] = []
        var failure: KafkaError?
        for (message, error) in zip(messages, results) {
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
        messages = again
        return failure
    }

    private func log(_ failure: KafkaError, of count: Int) {
        logger.warning(
            "Kafka did not take messages; they are sent again",
            [
                .batchRecords: LogValue(count), .errorCode: LogValue(failure.code.rawValue),
                .errorMessage: LogValue(failure.message),
            ])
    }

    /// How many partitions numbered messages are spread over now; `nil` for messages without numbers, which any partition
    /// may get. The spool knows it before the first of them is sent, and each message what its epoch is bound to.
    private func spread(_ messages: inout [SpooledMessage]) async throws(KafkaError) -> Int? {
        guard let numbered = messages.first(where: { $0.sequence > 0 }) else { return nil }
        let count = try await partitions(of: numbered.message.topic)
        let bound = await spool.spread(over: count)
        for index in messages.indices where messages[index].partitions == nil {
            messages[index].partitions = bound[messages[index].epoch]
        }
        return count
    }

    /// How many partitions a topic (without prefix) has. Asked once a minute; who is away then is answered for by what was
    /// known before.
    func partitions(of topic: String) async throws(KafkaError) -> Int {
        let known = counts.withLock { $0[topic] }
        if let known, ContinuousClock.now < known.until { return known.count }
        do throws(KafkaError) {
            let count = try await current.partitions(of: prefix + topic, timeout: .seconds(2))
            counts.withLock { $0[topic] = (count, .now + .seconds(60)) }
            return count
        } catch {
            guard let known else { throw error }
            return known.count
        }
    }

    /// An idempotent producer that lost its place (librdkafka #4438, before 2.3.0) can send nothing more: another one goes
    /// on from the spool. What the first one did deliver is dropped by its number.
    private func renew(_ dead: KafkaProducer) async {
        await dead.close(within: .seconds(1))
        // The other lane may have been here before.
        while current === dead {
            do throws(KafkaError) {
                let fresh = try KafkaProducer(settings, logger: logger, metrics: registry)
                let isFirst = producer.withLock { producer in
                    guard producer === dead else { return false }
                    producer = fresh
                    return true
                }
                if !isFirst { await fresh.close(within: .zero) }
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

    /// Whether it is a topic that Kafka refuses, and not Kafka that is away.
    private static func isOfTopic(_ error: KafkaError) -> Bool {
        error.code == .unknownTopic || error.code == .topicAuthorization
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

    /// A numbered message goes to the partition that its epoch's numbers are counted on, whatever librdkafka has heard of a
    /// topic that grew meanwhile; `count` is how many there are now.
    private func record(_ spooled: SpooledMessage, among count: Int?) -> ProducerRecord {
        let message = spooled.message
        let stream = StreamName(producer: collector, topic: message.topic, key: message.key)
        let envelope = Envelope(
            source: stream.description, id: spooled.sequence > 0 ? "\(spooled.epoch).\(spooled.sequence)" : message.key,
            type: message.type, time: message.time, version: message.version)
        return ProducerRecord(
            topic: prefix + message.topic, key: Array(message.key.utf8), value: message.payload,
            headers: envelope.headers,
            partition: spooled.sequence == 0
                ? nil
                : count.map {
                    // A topic that was made anew may have fewer.
                    KafkaProducer.partition(of: Array(message.key.utf8), among: min(spooled.partitions ?? $0, $0))
                })
    }

    /// Sends one message past the spool, once: a heartbeat of a moment ago is worth nothing. `partitions` is how many its
    /// epoch is spread over, where that is known. Returns whether it arrived.
    func sendDirectly(_ status: CollectorStatus, epoch: String, sequence: UInt64, among partitions: Int?) async -> Bool
    {
        let stream = StreamName(producer: collector, topic: Topics.collectors.name, key: collector)
        let envelope = Envelope(Topics.collectors, stream: stream, epoch: epoch, sequence: sequence, time: status.time)
        let key = Array(collector.utf8)
        let record = ProducerRecord(
            topic: Topics.collectors.fullName(prefix: prefix), key: key, value: status.encoded(),
            headers: envelope.headers, partition: partitions.map { KafkaProducer.partition(of: key, among: $0) })
        return await current.send([record]).first == .some(nil)
    }
}
