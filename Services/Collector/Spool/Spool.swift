import Runtime
import Synchronization

/// The spool's face to the tasks: batches of all servers share a write and an fsync.
///
/// The log itself is touched on a thread of its own only, for fsync blocks. Whoever stores waits until his batch is durable;
/// what comes meanwhile goes with the next fsync.
final class Spool: Sendable {
    private struct Waiting {
        var batch: SpoolBatch
        var done: CheckedContinuation<Void, Never>
    }

    private struct Queue {
        var waiting: [Waiting] = []
        var isScheduled = false
    }

    private let thread = DedicatedThread(name: "spool")
    private let log: Mutex<SpoolLog>
    private let queue = Mutex(Queue())
    private let listeners = Mutex<[Signal]>([])
    private let problem = Mutex<String?>(nil)
    private let nextReclaim = Mutex(ContinuousClock.now)
    private let logger: Logger
    private let metrics: SpoolMetrics

    /// Opens the log; blocks, at start-up only.
    init(files: any SpoolFileSystem, limits: SpoolLimits, logger: Logger, metrics: MetricRegistry) throws(SpoolError) {
        let log = try SpoolLog(files: files, limits: limits) { CollectorIdentity.random(bytes: 16) }
        self.logger = logger
        self.metrics = SpoolMetrics(metrics)
        if log.counters.tornBytes > 0 {
            logger.warning("Cut a torn end off the spool", [.spoolBytes: LogValue(log.counters.tornBytes)])
        }
        if log.counters.quarantined > 0 {
            logger.error("Damage in the spool was stepped over", [.spoolDamaged: LogValue(log.counters.quarantined)])
        }
        self.log = Mutex(log)
        self.log.withLock { say($0.takeGivenUp()) }
    }

    /// Why the disk takes nothing at present; `nil` when it does.
    var trouble: String? { problem.withLock { $0 } }

    /// Makes a batch durable. Returns when it is, or when the disk takes nothing and it is kept in memory until it does.
    func store(_ batch: SpoolBatch) async {
        await withCheckedContinuation { continuation in
            let schedule = queue.withLock { queue in
                queue.waiting.append(Waiting(batch: batch, done: continuation))
                defer { queue.isScheduled = true }
                return !queue.isScheduled
            }
            if schedule { Task.detached { await self.work() } }
        }
    }

    /// Retries what the disk refused, makes the watermark durable and lets go of what was delivered.
    func maintain() async { await work() }

    private func work() async {
        let waiting = queue.withLock { queue in
            defer { queue = Queue() }
            return queue.waiting
        }
        await onThread { log in
            for item in waiting { log.append(item.batch) }
            self.commit(&log)
        }
        for item in waiting { item.done.resume() }
        for news in listeners.withLock({ $0 }) { news.raise() }
    }

    private func commit(_ log: inout SpoolLog) {
        do throws(SpoolError) {
            try log.commit()
            // The watermark takes two syncs of its own: now and then is enough, for readers know the numbers.
            let now = ContinuousClock.now
            if now >= nextReclaim.withLock({ $0 }) || log.bytes > log.limits.maximalBytes {
                nextReclaim.withLock { $0 = now + .seconds(1) }
                try log.reclaim()
                try log.commit()
            }
            if problem.withLock({ problem in
                defer { problem = nil }
                return problem != nil
            }) {
                logger.info("The spool takes writes again")
            }
        } catch {
            if problem.withLock({ problem in
                defer { problem = error.message }
                return problem != error.message
            }) {
                logger.error(
                    "The spool's disk takes nothing; new samples are held in memory",
                    [.errorMessage: LogValue(error.message)])
            }
        }
        say(log.takeGivenUp())
        metrics.update(log)
    }

    /// One line for each segment that was given up.
    private func say(_ givenUp: [SpoolError]) {
        for error in givenUp {
            logger.error(
                "A segment of the spool cannot be read and is stepped over", [.errorMessage: LogValue(error.message)])
        }
    }

    /// Lets go of what is remembered of servers that are not read any more; blocks, at start-up only. What was not sent of
    /// them still is; one that comes back begins anew with a first reading.
    func forget(instancesBut known: Set<String>) {
        let gone = log.withLock { log in
            let gone = log.forget(instancesBut: known)
            if !gone.isEmpty { commit(&log) }
            return gone
        }
        for instance in gone {
            logger.info("Forgot the readings of a server that is not in the settings", [.serverID: LogValue(instance)])
        }
    }

    /// Whether the next record of a state must be a full one.
    func wantsFull(_ name: String) async -> Bool { await onThread { $0.wantsFull(name) } }

    /// The records of a state as of the last commit.
    func recover(_ name: String) async -> [[UInt8]]? { await onThread { (try? $0.recover(name)) ?? nil } }

    /// Where the sender goes on with a lane.
    func place(of lane: String) async -> SpoolPosition { await onThread { $0.watermark.place(of: lane) } }

    /// Durable messages from a place on, and the place behind them.
    func read(from position: SpoolPosition, limit: Int) async -> ([SpooledMessage], SpoolPosition) {
        await onThread { log in
            defer { self.say(log.takeGivenUp()) }
            do throws(SpoolError) {
                // What was dropped for want of room is not waited for.
                return try log.read(from: max(position, log.acknowledged), limit: limit)
            } catch {
                // What is tried a few times is said when it is given up.
                if !error.isDamage {
                    self.logger.error("The spool cannot be read", [.errorMessage: LogValue(error.message)])
                }
                return ([], position)
            }
        }
    }

    /// Everything of a lane before a place was delivered.
    func acknowledge(_ lane: String, to place: SpoolPosition) async {
        await onThread { $0.acknowledge(lane, to: place) }
    }

    /// Takes note of how many partitions the numbered messages are spread over, durably if the disk takes anything. Returns
    /// how many each epoch is spread over.
    func spread(over partitions: Int) async -> [String: Int] {
        await onThread { log in
            self.commit(&log)
            log.spread(over: partitions) { CollectorIdentity.random(bytes: 16) }
            self.commit(&log)
            return log.partitions
        }
    }

    /// A signal for one who waits: raised whenever something may have become durable.
    func listen() -> Signal {
        let news = Signal()
        listeners.withLock { $0.append(news) }
        return news
    }

    /// What the heartbeat says of the spool.
    func status() async -> (bytes: Int, oldest: Int64?, dropped: Int) {
        await onThread { log in
            let oldest = log.oldest()
            self.say(log.takeGivenUp())
            return (oldest == nil ? 0 : log.bytes, oldest, log.counters.dropped)
        }
    }

    /// Writes down how far the sender is, and ends the thread.
    func close() async {
        nextReclaim.withLock { $0 = .now }
        await work()
        thread.stop()
    }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable (inout SpoolLog) -> T) async -> T {
        do {
            return try await thread.run { self.log.withLock { body(&$0) } }
        } catch {
            // The thread was stopped: the process is ending, and nobody else touches the log any more.
            return log.withLock { body(&$0) }
        }
    }
}

/// The spool's own figures.
private struct SpoolMetrics: Sendable {
    let bytes: Gauge
    let dropped: Counter
    let quarantined: Counter

    init(_ registry: MetricRegistry) {
        bytes = registry.gauge(
            "collector_spool_bytes", help: "Bytes in the spool, delivered ones of an open segment included.")
        dropped = registry.counter(
            "collector_spool_dropped_messages_total", help: "Messages dropped unsent because the spool was full.")
        quarantined = registry.counter(
            "collector_spool_damaged_total", help: "Damaged stretches of the spool stepped over.")
    }

    func update(_ log: SpoolLog) {
        bytes.set(Double(log.bytes))
        dropped.add(log.counters.dropped - dropped.value)
        quarantined.add(log.counters.quarantined - quarantined.value)
    }
}
