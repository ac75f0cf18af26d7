public import Runtime
import Synchronization

/// Reads topics as a member of a group and hands the records to a `RecordSink`, at least once and in the order of each
/// partition, from the offsets that the sink keeps.
///
/// A thread of its own does the polling, so a record is handed over as soon as librdkafka has it. While the sink fails,
/// everything is paused, the group is kept, and the same batch comes again with back-off, for ever. Offsets given to
/// Kafka are for lag tools only.
public final class ConsumerLoop: Sendable {
    /// What a sink may answer to `assigned` instead of a stored offset: read only what comes from now on.
    public static let newest: Int64 = -1

    let settings: KafkaSettings
    let group: String
    let topics: [String]
    let batchLimit: Int
    let batchBytes: Int
    let pollTimeout: Duration
    let tick: Duration
    let closeLimit: Duration
    let stuckPatience: Duration
    let sink: any RecordSink
    let logger: Logger
    let metrics: ConsumerMetrics
    let watch: ClientWatch
    private let obstacle: Mutex<String?>

    /// - Parameters:
    ///   - batchLimit: records in a batch at most.
    ///   - batchBytes: no record is added to a batch that has this many bytes already.
    ///   - pollTimeout: how soon a shutdown is noticed when nothing comes.
    ///   - tick: how often `idle` is called at least.
    ///   - closeLimit: how long leaving the group may take before it is given up.
    ///   - stuckPatience: after how long without a record a partition that has some is read anew.
    public init(
        _ settings: KafkaSettings, group: String, topics: [String], batchLimit: Int = 1000,
        batchBytes: Int = 16 << 20, pollTimeout: Duration = .milliseconds(50), tick: Duration,
        closeLimit: Duration = .seconds(10), stuckPatience: Duration = .seconds(20), sink: any RecordSink,
        logger: Logger, metrics: MetricRegistry
    ) {
        self.settings = settings
        self.group = group
        self.topics = topics
        self.batchLimit = max(1, batchLimit)
        self.batchBytes = batchBytes
        self.pollTimeout = pollTimeout
        self.tick = tick
        self.closeLimit = closeLimit
        self.stuckPatience = stuckPatience
        self.sink = sink
        self.logger = logger.with([.kafkaGroup: .string(group)])
        self.metrics = ConsumerMetrics(metrics, group: group)
        watch = ClientWatch(settings, logger: self.logger)
        obstacle = Mutex("waiting for partitions of group \(group)")
    }

    /// Why records do not flow at present, nil when nothing stands in the way: for `/readyz`.
    public var notReady: String? { watch.lastError?.message ?? obstacle.withLock { $0 } }

    /// What keeps this consumer from its brokers, nil when nothing is known to.
    public var lastError: KafkaError? { watch.lastError }

    func setObstacle(_ text: String?) { obstacle.withLock { $0 = text } }

    /// Reads until `shutdown` is requested or the task is cancelled, then finishes the batch in hand and leaves the
    /// group. Throws what is fatal: a wrong setting, a `FatalError` of the sink, a stored offset beyond the end, a
    /// fatal error of librdkafka's. Everything else is retried for ever.
    public func run(until shutdown: Shutdown) async throws {
        let run = ConsumerRun(self, shutdown)
        try await run.run()
    }
}
