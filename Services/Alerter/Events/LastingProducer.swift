import Kafka
import Runtime
import Synchronization

/// A producer that is made anew when it has failed for good: an idempotent one that lost its place (librdkafka #4438,
/// before 2.3.0) can send nothing more, and paging must not end with it.
final class LastingProducer: Sendable {
    private struct State {
        var producer: KafkaProducer
        var isClosed = false
    }

    private let settings: KafkaSettings
    private let limit: Int
    private let logger: Logger
    private let registry: MetricRegistry
    private let state: Mutex<State>

    init(
        _ settings: KafkaSettings, messageLimit: Int, logger: Logger, metrics: MetricRegistry
    ) throws(KafkaError) {
        self.settings = settings
        limit = messageLimit
        self.logger = logger
        registry = metrics
        state = Mutex(
            State(
                producer: try KafkaProducer(settings, messageLimit: messageLimit, logger: logger, metrics: metrics)))
    }

    /// The one that sends now.
    var current: KafkaProducer { state.withLock { $0.producer } }

    /// The largest record in bytes.
    var messageLimit: Int { current.messageLimit }

    /// Sends a batch and waits until each record was acknowledged or failed. No failure is fatal: what a producer could not
    /// send before its end may be sent again at once.
    func send(_ records: [ProducerRecord]) async -> [KafkaError?] {
        let producer = current
        let results = await producer.send(records)
        guard results.contains(where: { $0?.isFatal == true }) else { return results }
        await renew(producer)
        return results.map { error in
            guard let error, error.isFatal else { return error }
            return KafkaError(error.code, error.message, isRetriable: true)
        }
    }

    /// Ends it.
    func close(within limit: Duration) async {
        let last = state.withLock { state in
            state.isClosed = true
            return state.producer
        }
        await last.close(within: limit)
    }

    /// Puts another in the place of one that failed, unless somebody has.
    private func renew(_ failed: KafkaProducer) async {
        guard state.withLock({ $0.producer === failed && !$0.isClosed }) else { return }
        do throws(KafkaError) {
            let fresh = try KafkaProducer(settings, messageLimit: limit, logger: logger, metrics: registry)
            let isUsed = state.withLock { state in
                guard state.producer === failed, !state.isClosed else { return false }
                state.producer = fresh
                return true
            }
            logger.warning("Kafka producer is made anew")
            await (isUsed ? failed : fresh).close(within: .seconds(1))
        } catch {
            logger.error("No new Kafka producer can be made", [.errorMessage: LogValue(error.message)])
        }
    }
}
