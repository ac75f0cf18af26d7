import Runtime

/// One life of a consumer: what `ConsumerLoop.run` does, with its state. Used by one task only.
final class ConsumerRun {
    let loop: ConsumerLoop
    private let shutdown: Shutdown
    private let core: ConsumerCore
    private let thread = DedicatedThread(name: "kafka-consumer")

    /// Given by the group, not positioned yet.
    var awaiting: [TopicPartition]?
    /// Told to the sink as assigned.
    var owned: [TopicPartition] = []
    /// To be read anew from these offsets.
    var repairs: [TopicPartition: Int64] = [:]
    /// Gaps told already in the present attempts to position, so that a later failure does not tell them twice.
    var toldGaps: [TopicPartition: Int64] = [:]
    /// How often a stored offset was seen beyond the end: a leader that was elected just now may not know its end yet.
    var beyondEnd: [TopicPartition: Int] = [:]

    var positionBackoff = Backoff()
    var nextPositioning = ContinuousClock.now
    private var nextIdle = ContinuousClock.now
    var nextStuckCheck: ContinuousClock.Instant
    var positioning: FailureLog
    private var processing: FailureLog
    private var idling: FailureLog

    let watchdog = Watchdog()

    init(_ loop: ConsumerLoop, _ shutdown: Shutdown) {
        self.loop = loop
        self.shutdown = shutdown
        core = ConsumerCore(loop.settings, watch: loop.watch, metrics: loop.metrics)
        nextStuckCheck = .now + loop.stuckPatience
        positioning = FailureLog("positioning", logger: loop.logger)
        processing = FailureLog("processing", logger: loop.logger)
        idling = FailureLog("idle work", logger: loop.logger)
    }

    var isEnding: Bool { shutdown.isRequested || Task.isCancelled }

    func run() async throws {
        let (group, topics) = (loop.group, loop.topics)
        try await onThread { core throws in try core.open(group: group, topics: topics) }
        let watching = watchdog.start(thread, core)
        defer { watching.cancel() }
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

    func setObstacle() {
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
                let dispositions = try await watchdog.busy { try await sink.process(held.batch) }
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
            // Else a member that is left without them would never be ready again.
            processing.forget()
            positioning.forget()
            loop.logger.info(
                isLost ? "Partitions lost" : "Partitions revoked", [.kafkaPartitions: LogValue(partitions.count)])
            if !owned.isEmpty {
                let sink = loop.sink
                let given = owned
                owned = []
                await watchdog.busy { await sink.revoked(given) }
            }
            try await onThread { $0.unassign(isLost: isLost) }
            loop.metrics.held(0)
        }
    }

    // MARK: Idle work, end

    private func idleIfDue() async throws {
        guard ContinuousClock.now >= nextIdle else { return }
        nextIdle = .now + loop.tick
        do {
            let sink = loop.sink
            try await watchdog.busy { try await sink.idle() }
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

    func isFatal(_ error: any Error) -> Bool {
        error is FatalError || (error as? KafkaError)?.isFatal == true
    }

    func onThread<T: Sendable>(_ body: @escaping @Sendable (ConsumerCore) throws -> T) async throws -> T {
        let core = core
        return try await thread.run { try body(core) }
    }
}
