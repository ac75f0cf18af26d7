import Codec
import Kafka
import Runtime

/// What the alerter does with what arrives: into the engine at once, then to the journal, then to the courier.
actor AlerterSink: RecordSink {
    private let desk: AlertDesk
    private let keeper: JournalKeeper
    private let topics: AlerterTopics
    private let deadLetters: any DeadLetters
    private let bells: [Bell]
    private let listening: @Sendable () -> Bool
    private let clock: @Sendable () -> Moment
    private let logger: Logger
    private let metrics: AlerterMetrics
    private var limit: BadMessageLimit
    private var burial = Burial()

    /// - Parameters:
    ///   - bells: rung when there may be something to deliver or to publish.
    ///   - listening: whether Kafka can be reached, so that silence means something.
    init(
        desk: AlertDesk, keeper: JournalKeeper, topics: AlerterTopics, deadLetters: any DeadLetters, bells: [Bell],
        limit: BadMessageLimit, listening: @escaping @Sendable () -> Bool, clock: @escaping @Sendable () -> Moment,
        logger: Logger, metrics: AlerterMetrics
    ) {
        self.desk = desk
        self.keeper = keeper
        self.topics = topics
        self.deadLetters = deadLetters
        self.bells = bells
        self.limit = limit
        self.listening = listening
        self.clock = clock
        self.logger = logger
        self.metrics = metrics
    }

    func assigned(_ partitions: [TopicPartition], clusterID: String) async throws -> [TopicPartition: Int64] {
        await keeper.take(partitions, clusterID: clusterID)
    }

    func process(_ batch: borrowing RecordBatch) async throws -> [TopicPartition: Disposition] {
        let now = clock()
        let intake = Intake(batch, names: topics, now: now.wall)
        if let share = limit.refuses(bad: intake.dead.count, of: intake.count) {
            throw AlerterError(
                "\(Int(share * 100)) % of the newest messages cannot be used (\(intake.dead.first?.detail ?? "")); nothing is read past them, so that the topic is not drained into the dead letters; look at what produces them, or raise deadletter.max_ratio"
            )
        }
        try await bury(intake.dead)
        limit.took(bad: intake.dead.count, of: intake.count)
        burial.passed(intake.dead)
        metrics.deadLetters.add(intake.dead.count)
        let metrics = metrics
        // What comes in every cycle is on samples alone: who is held elsewhere is heard all the same.
        let held = Set(intake.held.keys.filter { topics.topic($0.topic)?.name == Topics.samples.name }.map(\.partition))
        desk.use(intake.next) { engine in
            engine.heldPartitions.formUnion(held)
            for message in intake.received { Self.use(message, &engine, now, metrics) }
            engine.finishBatch(at: now)
        }
        await keeper.save()
        for bell in bells { bell.ring() }
        var dispositions = intake.held.mapValues { Disposition.held(at: $0.offset, reason: $0.reason) }
        for (partition, offset) in await keeper.takeRewinds() { dispositions[partition] = .rewind(to: offset) }
        return dispositions
    }

    private func bury(_ letters: [DeadLetter]) async throws {
        let new = burial.unpublished(letters)
        guard !new.isEmpty else { return }
        // The loop calls one function at a time: nobody else buries meanwhile.
        let errors = await deadLetters.publish(new)
        try burial.took(new, errors)
    }

    func revoked(_ partitions: [TopicPartition]) async {
        await keeper.giveBack(partitions)
    }

    func gap(_ partition: TopicPartition, from: Int64, to: Int64) async throws {
        logger.warning(
            "Messages are gone before they were evaluated",
            [
                .topic: .string(partition.topic), .partition: LogValue(partition.partition), .offset: LogValue(from),
                .batchRecords: LogValue(to - from),
            ])
    }

    func idle() async throws {
        let now = clock()
        let trouble = await keeper.trouble
        let reachable = listening()
        let metrics = metrics
        desk.with { engine in
            engine.silence.listens(reachable, at: now)
            engine.storageUp = trouble == nil
            engine.tick(at: now)
            metrics.firing.set(engine.book.firing.count)
            metrics.queued.set(engine.notifications.deliveries.count)
            metrics.instances.set(engine.instances.count)
            metrics.ambiguities.add(engine.book.ambiguities - metrics.ambiguities.value)
            metrics.droppedEvents.add(engine.droppedEvents - metrics.droppedEvents.value)
        }
        await keeper.save()
        for bell in bells { bell.ring() }
    }

    private static func use(
        _ message: Intake.Received, _ engine: inout AlertEngine, _ now: Moment, _ metrics: AlerterMetrics
    ) {
        let partition = message.partition.partition
        if let position = message.position {
            let key = SequenceLedger.Key(partition: partition, stream: message.stream)
            switch engine.ledger.admit(key, epoch: position.epoch, sequence: position.sequence) {
            case .duplicate:
                metrics.duplicates.add()
                return
            case .newAfterGap(let missing):
                metrics.missing.add(Int(min(missing, 1_000_000_000)))
            case .new:
                break
            }
        }
        switch message.content {
        case .table(let table):
            metrics.tables.add()
            let news = TableNews(table, partition: partition, stream: message.stream, reader: engine.reader)
            if !engine.ingest(news, at: now) { metrics.late.add() }
        case .finding(let finding):
            if !engine.ingest(FindingNews(finding, partition: partition), at: now) { metrics.late.add() }
        case .status(let status):
            engine.ingest(collector: status.collector, reads: Set(status.instances.map(\.id)), at: now)
        }
    }
}
