import Codec
import Kafka
import Offsets
import Postgres
import Runtime

/// What the analyzer does with samples: judges and learns, and stores baselines, ledger, findings and offsets in one
/// transaction a batch. In memory nothing is changed before that is committed, so that a batch that comes again finds
/// everything as it was.
actor AnalyzerSink: RecordSink {
    private let settings: AnalyzerSettings
    private let rule: StatementBroken
    private let topics: AnalyzerTopics
    private let pool: PostgresPool
    private let store = AnalyzerStore()
    private let deadLetters: any DeadLetters
    private let bell: Bell
    private let logger: Logger
    private let metrics: AnalyzerMetrics
    private let clock: @Sendable () -> Int64

    private var clusterID = ""
    private var owned: [TopicPartition: Int64?] = [:]
    private var ledger = SequenceLedger()
    private var cache: BaselineCache
    /// Statements with an open finding, by instance; an instance that is not in it was not looked up yet.
    private var open: [String: Set<Subject>] = [:]
    private var limit: BadMessageLimit
    private var burial = Burial()
    private var unpruned: Set<String> = []
    private var nextPruning: Int64 = 0

    init(
        _ settings: AnalyzerSettings, pool: PostgresPool, deadLetters: any DeadLetters, bell: Bell, logger: Logger,
        metrics: AnalyzerMetrics, clock: @escaping @Sendable () -> Int64 = WallClock.microseconds
    ) {
        self.settings = settings
        self.pool = pool
        self.deadLetters = deadLetters
        self.bell = bell
        self.logger = logger
        self.metrics = metrics
        self.clock = clock
        rule = StatementBroken(settings: settings.rule)
        topics = AnalyzerTopics(prefix: settings.topicPrefix)
        cache = BaselineCache(limit: settings.cachedBaselines)
        limit = BadMessageLimit(ratio: settings.deadLetterRatio, minimum: settings.deadLetterMinimum)
    }

    func assigned(_ partitions: [TopicPartition], clusterID: String) async throws -> [TopicPartition: Int64] {
        self.clusterID = clusterID
        let store = store
        let (stored, entries) = try await withDatabase { connection in
            (
                try await store.offsets.load(partitions, clusterID: clusterID, &connection),
                try await store.ledger(partitions.map(\.partition), &connection)
            )
        }
        forget(partitions)
        ledger.restore(entries)
        for partition in partitions { owned[partition] = .some(stored[partition]) }
        return stored
    }

    func process(_ batch: borrowing RecordBatch) async throws -> [TopicPartition: Disposition] {
        let intake = Intake(batch, names: topics, now: clock())
        if let share = limit.refuses(bad: intake.dead.count, of: intake.count) {
            throw FatalError(
                "\(Int(share * 100)) % of the newest messages cannot be used (\(intake.dead.first?.detail ?? "")): stopped, so that the topic is not drained into the dead letters; look at what produces them, or raise deadletter.max_ratio"
            )
        }
        try await bury(intake.dead)
        var work = BatchWork(ledger: ledger, rule: rule)
        work.admit(intake.received)
        let moves = intake.next.map { (partition: $0.key, from: owned[$0.key] ?? nil, to: $0.value) }
            .filter { $0.from != $0.to }
            .sorted { $0.partition < $1.partition }
        let outcome: BatchWork
        do {
            outcome = try await commit(work, intake.texts, moves)
        } catch let error as OffsetError {
            return try await fenced(error, Set(intake.next.keys))
        }
        ledger = outcome.ledger
        for (key, baseline) in outcome.touched { cache.put(baseline, key) }
        for (instance, subjects) in outcome.open { open[instance] = subjects }
        for move in moves { owned[move.partition] = .some(move.to) }
        unpruned.formUnion(outcome.instances)
        limit.took(bad: intake.dead.count, of: intake.count)
        burial.passed(intake.dead)
        metrics.deadLetters.add(intake.dead.count)
        metrics.cached.set(cache.count)
        report(outcome)
        return intake.held.mapValues { .held(at: $0.offset, reason: $0.reason) }
    }

    private func bury(_ letters: [DeadLetter]) async throws {
        let new = burial.unpublished(letters)
        guard !new.isEmpty else { return }
        // The loop calls one function at a time: nobody else buries meanwhile.
        let errors = await deadLetters.publish(new)
        try burial.took(new, errors)
    }

    func revoked(_ partitions: [TopicPartition]) async {
        forget(partitions)
        // Baselines of other partitions are read again when they are needed; those of the lost ones must not be stale.
        cache.removeAll()
        open = [:]
    }

    func gap(_ partition: TopicPartition, from: Int64, to: Int64) async throws {
        logger.warning(
            "Samples are gone before they were analysed",
            [
                .topic: .string(partition.topic), .partition: LogValue(partition.partition), .offset: LogValue(from),
                .batchRecords: LogValue(to - from),
            ])
    }

    func idle() async throws {
        guard clock() >= nextPruning, !unpruned.isEmpty else { return }
        let (store, settings, instances) = (store, settings, unpruned)
        try await withDatabase { connection in
            for instance in instances {
                _ = try await store.prune(
                    instance, keep: settings.baselinesPerInstance, retention: settings.baselineRetention, &connection)
            }
        }
        unpruned = []
        nextPruning = clock() + 600_000_000
    }

    private func commit(
        _ work: BatchWork, _ texts: [StatementText], _ moves: [OffsetTable.Move]
    ) async throws -> BatchWork {
        let (store, cache, open, clusterID) = (store, cache, open, clusterID)
        let start = ContinuousClock.now
        let outcome = try await withDatabase { connection in
            var work = work
            try await connection.transaction { connection in
                try await work.load(store, cache, open, &connection)
                work.evaluate()
                try await store.store(work.ledger.takeChanges(), &connection)
                try await store.store(work.touched.map { ($0.key, $0.value) }, &connection)
                try await store.store(texts, &connection)
                let known = try await store.texts(work.names, &connection)
                try await store.enqueue(work.messages(known), &connection)
                try await store.offsets.advance(moves, clusterID: clusterID, &connection)
            }
            return work
        }
        metrics.transaction.observe(.now - start)
        return outcome
    }

    /// Somebody else moved an offset: what is stored is right, and what we know is read again.
    private func fenced(
        _ error: OffsetError, _ partitions: Set<TopicPartition>
    ) async throws -> [TopicPartition: Disposition] {
        logger.warning("Another analyzer owned a partition", [.errorMessage: LogValue(describing: error)])
        let stored = try await assigned(Array(partitions), clusterID: clusterID)
        cache.removeAll()
        open = [:]
        return Dictionary(uniqueKeysWithValues: partitions.map { ($0, .rewind(to: stored[$0] ?? 0)) })
    }

    private func forget(_ partitions: [TopicPartition]) {
        ledger.forget(Set(partitions.map(\.partition)))
        for partition in partitions { owned[partition] = nil }
    }

    private func report(_ work: BatchWork) {
        metrics.tables.add(work.tables)
        metrics.rows.add(work.rows)
        metrics.unjudged.add(work.leftOut)
        metrics.duplicates.add(work.duplicates)
        metrics.missing.add(work.missing)
        guard !work.events.isEmpty else { return }
        for (instance, event) in work.events {
            metrics.count(event.state)
            if case .updated = event.state { continue }
            logger.info(
                event.state == .opened ? "Finding opened" : "Finding resolved",
                [
                    .findingKind: .string(StatementBroken.kind), .instanceID: .string(instance),
                    .subject: .string(event.subject.description),
                ])
        }
        bell.ring()
    }

    private func withDatabase<T: Sendable>(
        _ body: (inout PostgresConnection) async throws -> T
    ) async throws -> T {
        do {
            return try await pool.withConnection(body)
        } catch {
            throw AnalyzerSchema.explained(error)
        }
    }
}
