import Codec
import Kafka
import Offsets
import Postgres
import Runtime
import Synchronization

/// Stores what the topics carry, each message once: the consumer loop's sink.
///
/// The loop calls one function at a time; the actor only lets the readiness be read meanwhile. Whatever throws here is
/// an infrastructure error and comes again; the two other kinds are dealt with here.
actor Ingest: RecordSink {
    /// Publishes records and waits for their acknowledgement.
    typealias Publish = @Sendable ([ProducerRecord]) async -> [KafkaError?]

    /// What can be set.
    struct Limits: Sendable {
        var batchBytes = 16 << 20
        var badRatio = 0.2
        var badMinimum = 20
        var retention: Int64 = 7 * 86_400_000_000
        var future: Int64 = 86_400_000_000
    }

    let settings: PostgresSettings
    private let topics: InputTopics
    private let limits: Limits
    private let publish: Publish
    private let letterLimit: Int
    private let now: @Sendable () -> Int64
    let logger: Logger
    let events: IngestMetrics
    let offsets = OffsetTable(schema: "ledger")
    let obstacle = Mutex<String?>("not connected to the database yet")

    var connection: PostgresConnection?
    var clusterID = ""
    var ledger = StreamLedger()
    var names = StatementNames()
    var instances: [String: Int32] = [:]
    var facts: [String: InstanceFacts] = [:]
    var partitions = Partitions()
    private var badLimit: BadMessageLimit
    /// The stored next offset of each partition that is ours; nil inside: none is stored.
    var stored: [TopicPartition: Int64?] = [:]
    private var held: [TopicPartition: (offset: Int64, reason: String)] = [:]
    private var burial = Burial()
    private var nextCleaning = ContinuousClock.now

    /// - Parameter letterLimit: the largest message that `publish` takes.
    init(
        _ settings: PostgresSettings, topics: InputTopics, limits: Limits = Limits(), publish: @escaping Publish,
        letterLimit: Int = Topics.deadletter.maxMessageBytes,
        now: @escaping @Sendable () -> Int64 = WallClock.microseconds, logger: Logger, metrics: MetricRegistry
    ) {
        self.settings = settings
        self.topics = topics
        self.limits = limits
        self.publish = publish
        self.letterLimit = letterLimit
        self.now = now
        self.logger = logger
        events = IngestMetrics(metrics, logger: logger)
        badLimit = BadMessageLimit(ratio: limits.badRatio, minimum: limits.badMinimum)
    }

    /// Why nothing is stored at present; nil when nothing stands in the way.
    nonisolated var notReady: String? { obstacle.withLock { $0 } }

    // MARK: The loop's calls

    func assigned(_ partitions: [TopicPartition], clusterID: String) async throws -> [TopicPartition: Int64] {
        self.clusterID = clusterID
        for partition in partitions { held[partition] = nil }
        return try await load(partitions)
    }

    func revoked(_ partitions: [TopicPartition]) async {
        ledger.forget(Set(partitions))
        for partition in partitions {
            stored[partition] = nil
            held[partition] = nil
        }
        events.holds(held.count)
    }

    func gap(_ partition: TopicPartition, from: Int64, to: Int64) async throws {
        let (cluster, offsets, was) = (clusterID, offsets, stored[partition] ?? nil)
        let json = LedgerJSON.gap(
            partition, from: from, to: to, after: ledger.newestTime(of: partition), before: now())
        do {
            try await withDatabase { connection in
                try await connection.transaction { connection in
                    _ = try await connection.query(IngestSQL.gaps, [.text(cluster), .json(json)])
                    try await offsets.advance([(partition, was, to)], clusterID: cluster, &connection)
                }
            }
        } catch let error as OffsetError {
            // Another writer has moved it: perhaps past the gap already, else the next attempt knows from where.
            events.wasFenced(error)
            if let now = try await load([partition])[partition], now >= to { return }
            throw error
        }
        stored[partition] = .some(to)
        events.lostOffsets(partition, from, to)
    }

    func idle() async throws {
        guard ContinuousClock.now >= nextCleaning else { return }
        nextCleaning = ContinuousClock.now + .seconds(60)
        let oldest = Day(microseconds: now() - limits.retention)
        let (dropped, locked) = try await dropPartitions(before: oldest)
        for table in dropped { events.dropped(table) }
        for table in locked { events.couldNotDrop(table) }
        nextCleaning = ContinuousClock.now + .seconds(600)
    }

    func process(_ batch: borrowing RecordBatch) async throws -> [TopicPartition: Disposition] {
        // What is left to do, as runs of places; the last is next.
        var todo = [0..<batch.count]
        var condemned: [Int: String] = [:]
        do {
            while let run = todo.popLast() {
                let began = ContinuousClock.now
                let plan = BatchPlan(
                    batch, from: run.lowerBound, to: run.upperBound, byteLimit: limits.batchBytes, topics: topics,
                    bounds: TimeBounds(past: limits.retention, future: limits.future), now: now(),
                    condemned: condemned, stored: stored, held: held, ledger: &ledger)
                if plan.range.upperBound < run.upperBound { todo.append(plan.range.upperBound..<run.upperBound) }
                do {
                    try await commit(plan, batch, began)
                    held = plan.held
                } catch  where FailureClass(error) == .badData {
                    // One of them is bad: halves, and halves of halves, until it stands alone.
                    let place = plan.range
                    if place.count == 1 {
                        condemned[place.lowerBound] = "\(error)"
                        todo.append(place)
                    } else {
                        let middle = place.lowerBound + place.count / 2
                        todo.append(middle..<place.upperBound)
                        todo.append(place.lowerBound..<middle)
                    }
                } catch  where FailureClass(error) == .outdated {
                    // Dropped by somebody since we looked: make it and come again.
                    forgetDatabase()
                    throw error
                }
            }
        } catch let error as OffsetError {
            events.wasFenced(error)
            return try await rewind(batch.partitions)
        }
        events.holds(held.count)
        return held.filter { batch.partitions.contains($0.key) }.mapValues { .held(at: $0.offset, reason: $0.reason) }
    }

    // MARK: One transaction

    private func commit(_ plan: BatchPlan, _ batch: borrowing RecordBatch, _ began: ContinuousClock.Instant)
        async throws
    {
        if plan.next.isEmpty { return }
        if let ratio = badLimit.refuses(bad: plan.bad.count, of: plan.range.count) {
            let first = plan.bad.first.map { "\($0.reason): \($0.detail)" } ?? ""
            throw FatalError(
                "\(Int(ratio * 100)) % of the last messages cannot be used (\(first)): stopped, so that the topic is not "
                    + "drained into the dead letters; look at the producers, or raise ingest.bad_ratio")
        }
        let letters = plan.bad.map { bad in
            batch.withRecord(at: bad.index) { DeadLetters.letter($0, bad, now: now()) }
        }
        try await bury(letters)
        let rows = BatchRows(plan.items)
        try await ensureInstances(rows.instances)
        try await ensurePartitions(plan)
        names.begin()
        for item in plan.items {
            if case .table(let table) = item.input, let id = instances[table.instance] {
                names.learn(table, instance: id)
            }
            if case .statement(let text) = item.input, text.queryid != 0, let id = instances[text.instance] {
                names.learn(id, text.queryid, text.name)
            }
        }
        let described = rows.facts.filter { facts[$0.key] != $0.value }.map(\.key)
        let transaction = BatchTransaction(
            clusterID: clusterID, plan: plan, rows: rows, instances: instances, described: described,
            moves: plan.next.map { (partition: $0.key, from: stored[$0.key] ?? nil, to: $0.value) },
            buried: letters, streams: ledger.draft, begun: ledger.begun, names: names.fresh, offsets: offsets)
        let count = try await withDatabase { try await transaction.run(&$0) }
        ledger.commit()
        names.commit()
        for instance in described { facts[instance] = rows.facts[instance] }
        for (partition, next) in plan.next { stored[partition] = .some(next) }
        burial.passed(letters)
        for letter in letters { events.buried(letter) }
        badLimit.took(bad: plan.bad.count, of: plan.range.count)
        events.committed(plan, rows: count, took: ContinuousClock.now - began, now: now())
    }

    /// Sends what cannot be used to the dead letters and waits until the brokers have it: only then may the offset move.
    private func bury(_ letters: [DeadLetter]) async throws {
        let new = burial.unpublished(letters)
        if new.isEmpty { return }
        // The loop calls one function at a time: nobody else buries meanwhile.
        let errors = await publish(new.map { DeadLetters.record($0, topic: topics.deadLetters, limit: letterLimit) })
        try burial.took(new, errors)
    }

    private func ensureInstances(_ wanted: Set<String>) async throws {
        let unknown = wanted.filter { instances[$0] == nil }.sorted()
        if unknown.isEmpty { return }
        let found = try await withDatabase { connection in
            _ = try await connection.query(IngestSQL.instances, [.textArray(unknown)])
            let rows = try await connection.query(IngestSQL.instanceIDs, [.textArray(unknown)])
            var found: [String: Int32] = [:]
            for row in 0..<rows.rowCount {
                if let name = try rows.text(row, 0), let id = try rows.int(row, 1) {
                    found[name] = Int32(truncatingIfNeeded: id)
                }
            }
            return found
        }
        instances.merge(found) { $1 }
    }

    private func ensurePartitions(_ plan: BatchPlan) async throws {
        var wanted: Set<Partitions.Key> = []
        for item in plan.items {
            guard case .table(let table) = item.input, table.rowCount > 0 else { continue }
            wanted.insert(
                Partitions.Key(table: FamilyLayout.of(table.family).table, day: Day(microseconds: table.time)))
        }
        let missing = partitions.missing(of: wanted)
        if missing.isEmpty { return }
        var partitions = partitions
        try await withDatabase { try await partitions.ensure(missing, &$0) }
        self.partitions = partitions
    }
}
