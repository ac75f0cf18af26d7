import Runtime
import Synchronization

/// One life of a consumer: what `ConsumerLoop.run` does, with its state. Used by one task only.
final class ConsumerRun {
    private let loop: ConsumerLoop
    private let shutdown: Shutdown
    private let core: ConsumerCore
    private let thread = DedicatedThread(name: "kafka-consumer")

    /// Given by the group, not positioned yet.
    private var awaiting: [TopicPartition]?
    /// Told to the sink as assigned.
    private var owned: [TopicPartition] = []
    /// To be read anew from these offsets.
    private var repairs: [TopicPartition: Int64] = [:]
    /// Gaps told already in the present attempts to position, so that a later failure does not tell them twice.
    private var toldGaps: [TopicPartition: Int64] = [:]
    /// How often a stored offset was seen beyond the end: a leader that was elected just now may not know its end yet.
    private var beyondEnd: [TopicPartition: Int] = [:]

    private var positionBackoff = Backoff()
    private var nextPositioning = ContinuousClock.now
    private var nextIdle = ContinuousClock.now
    private var nextStuckCheck: ContinuousClock.Instant
    private var positioning: FailureLog
    private var processing: FailureLog
    private var idling: FailureLog

    /// Since when the sink has been at work, for the watchdog.
    private let busySince = BusySince()

    init(_ loop: ConsumerLoop, _ shutdown: Shutdown) {
        self.loop = loop
        self.shutdown = shutdown
        core = ConsumerCore(loop.settings, watch: loop.watch, metrics: loop.metrics)
        nextStuckCheck = .now + loop.stuckPatience
        positioning = FailureLog("positioning", logger: loop.logger)
        processing = FailureLog("processing", logger: loop.logger)
        idling = FailureLog("idle work", logger: loop.logger)
    }

    private var isEnding: Bool { shutdown.isRequested || Task.isCancelled }

    func run() async throws {
        let (group, topics) = (loop.group, loop.topics)
        try await onThread { core throws in try core.open(group: group, topics: topics) }
        let watchdog = Self.startWatchdog(busySince, thread, core)
        defer { watchdog.cancel() }
        do {
            while !isEnding { try await step() }
        } catch {
            loop.logger.error("Consumer ends", [.errorMessage: LogValue(describing: error)])
            await close()
            throw error
        }
        await close()
    }

    private func step() async throws {
        try await idleIfDue()
        try await positionIfDue()
        let (limit, bytes, timeout) = (loop.batchLimit, loop.batchBytes, pollTimeout())
        let polled = try await onThread { $0.poll(limit: limit, bytes: bytes, timeout: timeout) }
        if let fatal = polled.fatal { throw fatal }
        if let batch = polled.batch { try await deliver(batch, mayRetry: polled.changes.isEmpty) }
        for partition in polled.lost { try await lost(partition) }
        for change in polled.changes { try await absorb(change) }
        setObstacle()
    }

    private func pollTimeout() -> Duration {
        var until = ContinuousClock.now + loop.pollTimeout
        until = min(until, nextIdle)
        if awaiting != nil || !repairs.isEmpty { until = min(until, nextPositioning) }
        return max(.zero, until - .now)
    }

    private func setObstacle() {
        let joining = awaiting != nil && owned.isEmpty ? "waiting for partitions of group \(loop.group)" : nil
        if let text = processing.notReady ?? positioning.notReady ?? joining {
            loop.setObstacle(text)
        } else if hasJoined {
            loop.setObstacle(nil)
        }
    }

    private var hasJoined = false

    // MARK: Batches

    /// Gives the batch to the sink until it takes it, unless it is not ours any more or we are to end.
    private func deliver(_ held: HeldBatch, mayRetry: Bool) async throws {
        var backoff = Backoff()
        while true {
            let start = ContinuousClock.now
            do {
                let sink = loop.sink
                let dispositions = try await busy { try await sink.process(held.batch) }
                loop.metrics.batch(.now - start)
                processing.succeeded()
                loop.metrics.paused(false)
                try await apply(held, dispositions)
                return
            } catch {
                if isFatal(error) { throw error }
                loop.metrics.batch(.now - start)
                processing.failed(error)
                loop.metrics.failed(KafkaError.Code(rawValue: "sink"))
                loop.metrics.paused(true)
                setObstacle()
            }
            guard mayRetry, try await wait(backoff.next()) else {
                loop.metrics.paused(false)
                return
            }
        }
    }

    /// Waits paused, serving the group and the clock. False when the batch is to be given up.
    private func wait(_ duration: Duration) async throws -> Bool {
        let end = ContinuousClock.now + duration
        repeat {
            if isEnding { return false }
            let timeout = max(.zero, min(end - .now, .milliseconds(100)))
            let news = try await onThread { $0.keepAlive(timeout: timeout) }
            if let fatal = news.fatal { throw fatal }
            // Somebody else's now, or about to be: what was not committed is read again there.
            if !news.changes.isEmpty { return false }
            try await idleIfDue()
        } while ContinuousClock.now < end
        return true
    }

    private func apply(_ held: HeldBatch, _ dispositions: [TopicPartition: Disposition]) async throws {
        var next = held.batch.nextOffsets
        var stopped: [TopicPartition: Int64] = [:]
        var rewound: Set<TopicPartition> = []
        for (partition, disposition) in dispositions {
            switch disposition {
            case .advanced: break
            case .held(let offset, let reason):
                next[partition] = nil
                stopped[partition] = offset
                loop.logger.warning(
                    "Partition is held",
                    [
                        .kafkaTopic: .string(partition.topic), .kafkaPartition: LogValue(partition.partition),
                        .kafkaOffset: LogValue(offset), .kafkaReason: .string(reason),
                    ])
            case .rewind(let offset):
                next[partition] = nil
                rewound.insert(partition)
                repairs[partition] = offset
                nextPositioning = .now
            }
        }
        let (moved, holds, rewinds) = (next, stopped, rewound)
        let count = try await onThread { core in
            core.apply(next: moved, held: holds, rewound: rewinds)
            return core.heldCount
        }
        loop.metrics.held(count)
        loop.metrics.progressed()
    }

    // MARK: Assignments

    private func absorb(_ change: AssignmentChange) async throws {
        switch change {
        case .assigned(let partitions):
            hasJoined = true
            repairs = [:]
            toldGaps = [:]
            beyondEnd = [:]
            positionBackoff.reset()
            nextPositioning = .now
            if partitions.isEmpty {
                awaiting = nil
                try await onThread { core throws in try core.assignNothing() }
                loop.logger.info("No partitions for this member of the group")
            } else {
                awaiting = partitions
            }
        case .revoked(let partitions, let isLost):
            awaiting = nil
            repairs = [:]
            loop.logger.info(
                isLost ? "Partitions lost" : "Partitions revoked", [.kafkaPartitions: LogValue(partitions.count)])
            if !owned.isEmpty {
                let sink = loop.sink
                let given = owned
                owned = []
                await busy { await sink.revoked(given) }
            }
            try await onThread { $0.unassign(isLost: isLost) }
            loop.metrics.held(0)
        }
    }

    /// The broker does not have our position: retention overtook us, or the topic is another one.
    private func lost(_ partition: TopicPartition) async throws {
        guard awaiting == nil, repairs[partition] == nil else { return }
        let position = try await onThread { $0.positions[partition] }
        guard let position else { return }
        repairs[partition] = position
        nextPositioning = .now
    }

    private func positionIfDue() async throws {
        if awaiting == nil, repairs.isEmpty { try await checkStuck() }
        guard awaiting != nil || !repairs.isEmpty, ContinuousClock.now >= nextPositioning else { return }
        do {
            if let partitions = awaiting {
                try await positionNew(partitions)
            } else {
                try await repair()
            }
            positioning.succeeded()
            positionBackoff.reset()
            setObstacle()
        } catch {
            if isFatal(error) { throw error }
            if isEnding { return }
            positioning.failed(error)
            loop.metrics.failed((error as? KafkaError)?.code ?? KafkaError.Code(rawValue: "sink"))
            nextPositioning = .now + positionBackoff.next()
            // The group must not wait for our database: its next rebalance would.
            if awaiting != nil { try await onThread { core throws in try core.assignNothing() } }
        }
    }

    private func positionNew(_ partitions: [TopicPartition]) async throws {
        let cluster = try await onThread { core throws in try core.clusterID(.seconds(2)) }
        let sink = loop.sink
        let stored = try await busy { try await sink.assigned(partitions, clusterID: cluster) }
        owned = partitions
        let positions = try await resolve(partitions.map { ($0, stored[$0]) })
        try await onThread { core throws in try core.assign(positions) }
        awaiting = nil
        loop.logger.info("Partitions assigned", [.kafkaPartitions: LogValue(partitions.count)])
    }

    private func repair() async throws {
        let wanted = repairs
        let resolved = try await resolve(wanted.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        try await onThread { core throws in
            var positions = core.positions
            for (partition, offset) in resolved where positions[partition] != nil { positions[partition] = offset }
            try core.assign(positions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
        repairs = [:]
        toldGaps = [:]
    }

    /// Where each partition can really be read from: its wanted offset, the beginning when there is none, and the low
    /// watermark, after telling the gap, when what was wanted is gone.
    private func resolve(_ wanted: [(TopicPartition, Int64?)]) async throws -> [(TopicPartition, Int64)] {
        var positions: [(TopicPartition, Int64)] = []
        let partitions = wanted.map(\.0)
        let all = try await onThread { core throws in try core.watermarks(partitions, .seconds(5)) }
        for (partition, offset) in wanted {
            if isEnding { throw CancellationError() }
            guard let marks = all[partition] else {
                throw KafkaError(.timedOut, "\(partition): no broker told its offsets", isRetriable: true)
            }
            guard let offset else {
                positions.append((partition, marks.low))
                continue
            }
            if offset == ConsumerLoop.newest {
                positions.append((partition, marks.high))
            } else if offset > marks.high {
                try noteBeyondEnd(partition, offset, marks.high)
            } else if offset < marks.low {
                if toldGaps[partition] != marks.low {
                    loop.logger.warning(
                        "Records are gone before they were read",
                        [
                            .kafkaTopic: .string(partition.topic), .kafkaPartition: LogValue(partition.partition),
                            .kafkaOffset: LogValue(offset), .kafkaTo: LogValue(marks.low),
                        ])
                    let sink = loop.sink
                    // A gap that grew between two tries is told from where the last one ended.
                    let from = toldGaps[partition] ?? offset
                    try await busy { try await sink.gap(partition, from: from, to: marks.low) }
                    toldGaps[partition] = marks.low
                }
                positions.append((partition, marks.low))
            } else {
                beyondEnd[partition] = nil
                positions.append((partition, offset))
            }
        }
        return positions
    }

    private func noteBeyondEnd(_ partition: TopicPartition, _ offset: Int64, _ high: Int64) throws(KafkaError) {
        let times = (beyondEnd[partition] ?? 0) + 1
        beyondEnd[partition] = times
        let message =
            "\(partition): the stored offset \(offset) lies beyond the end (\(high)): the topic was made anew, "
            + "or its log was cut. Reading on would skip records unseen; remove the stored offsets of this "
            + "topic to read it from its beginning, or bring the old topic back"
        throw KafkaError(.offsetBeyondEnd, message, isRetriable: times < 4, isFatal: times >= 4)
    }

    private func checkStuck() async throws {
        guard ContinuousClock.now >= nextStuckCheck else { return }
        nextStuckCheck = .now + .seconds(1)
        let patience = loop.stuckPatience
        guard let partition = try await onThread({ $0.stuckPartition(patience: patience) }) else { return }
        loop.logger.warning(
            "Partition has records but gives none, reading it anew",
            [.kafkaTopic: .string(partition.topic), .kafkaPartition: LogValue(partition.partition)])
        try await lost(partition)
    }

    // MARK: Idle work, end

    private func idleIfDue() async throws {
        guard ContinuousClock.now >= nextIdle else { return }
        nextIdle = .now + loop.tick
        do {
            let sink = loop.sink
            try await busy { try await sink.idle() }
            idling.succeeded()
        } catch {
            if isFatal(error) { throw error }
            idling.failed(error)
            loop.metrics.failed(KafkaError.Code(rawValue: "idle"))
        }
    }

    private func close() async {
        if !owned.isEmpty { await loop.sink.revoked(owned) }
        owned = []
        loop.setObstacle("the consumer of group \(loop.group) has ended")
        let (thread, core) = (thread, core)
        let isClosed = await Kafka.within(loop.closeLimit) {
            try? await thread.run { core.close() }
            return true
        }
        guard isClosed != nil else {
            loop.logger.error(
                "Consumer did not close in time and is left behind", [.durationMilliseconds: LogValue(loop.closeLimit)])
            LeftBehind.keep(thread)
            return
        }
        thread.stop()
    }

    private func isFatal(_ error: any Error) -> Bool {
        error is FatalError || (error as? KafkaError)?.isFatal == true
    }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable (ConsumerCore) throws -> T) async throws -> T {
        let core = core
        return try await thread.run { try body(core) }
    }

    // MARK: Watchdog

    /// Runs a function of the sink's under the eyes of the watchdog.
    private func busy<T>(_ body: () async throws -> T) async rethrows -> T {
        busySince.begin()
        defer { busySince.end() }
        return try await body()
    }

    /// Keeps us in the group while the sink takes its time. Only then does it poll; a record never waits for it.
    private static func startWatchdog(
        _ busy: BusySince, _ thread: DedicatedThread, _ core: ConsumerCore
    ) -> Task<Void, Never> {
        Task.detached {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                guard busy.lasts(.seconds(5)), !Task.isCancelled else { continue }
                _ = try? await thread.run { busy.lasts(.seconds(5)) ? core.keepAlive(timeout: .zero) : Polled() }
            }
        }
    }
}

/// Since when something has been going on.
private final class BusySince: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(nil)
    func begin() { since.withLock { $0 = .now } }
    func end() { since.withLock { $0 = nil } }
    func lasts(_ duration: Duration) -> Bool { since.withLock { $0.map { .now - $0 > duration } ?? false } }
}
