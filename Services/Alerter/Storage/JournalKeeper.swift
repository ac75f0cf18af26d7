import Kafka
import Offsets
import Postgres
import Runtime

/// Keeps what is stored in step with what is known: memory is the truth while the database is away, and is written up
/// when it is back.
///
/// Nothing waits for the database longer than `timeout`: the first save that fails marks it as away, later ones return
/// at once, and `revive` tries again in the background. A save holds everything since the last one that succeeded.
actor JournalKeeper {
    private let desk: AlertDesk
    private let pool: PostgresPool
    /// The topic whose partitions state belongs to; those of the topic with the same key go with them.
    private let stateTopic: String
    /// Its partitions belong to those of the state topic, and are read again where the stored state was taken over late:
    /// what is on them comes once, and not in every cycle.
    private let findingsTopic: String
    private let timeout: Duration
    private let logger: Logger
    nonisolated let metrics: AlerterMetrics
    private let clock: @Sendable () -> Moment
    private let store = AlerterStore()

    private var clusterID = ""
    /// The offset that is stored of each partition of ours (`.some(nil)`: none yet).
    private var stored: [TopicPartition: Int64?] = [:]
    /// What a save that failed may have stored all the same.
    private var doubtful: [TopicPartition: Int64] = [:]
    /// Partitions whose stored state was not taken over, for the database was away.
    private var unrestored: Set<TopicPartition> = []
    /// Partitions that were given back while the database was away: what was told of them since is nowhere else.
    private var left: Set<TopicPartition> = []
    /// Partitions that are to be read again from their stored offset.
    private var rewinds: [TopicPartition: Int64] = [:]
    /// Why the database is away; nil while it is not.
    private(set) var trouble: String?
    private var lastAnswer = ContinuousClock.now - .seconds(60)
    /// The next save replaces all rows of our partitions.
    private var rewrite = false
    private var saving = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(
        desk: AlertDesk, pool: PostgresPool, stateTopic: String, findingsTopic: String, timeout: Duration,
        logger: Logger, metrics: AlerterMetrics, clock: @escaping @Sendable () -> Moment
    ) {
        self.desk = desk
        self.pool = pool
        self.stateTopic = stateTopic
        self.findingsTopic = findingsTopic
        self.timeout = timeout
        self.logger = logger
        self.metrics = metrics
        self.clock = clock
    }

    /// Takes partitions over; answers from where they are read.
    ///
    /// With the database away they are read from the newest record on, and what is stored of them is taken over when it
    /// is back: a page must not wait for it. What comes back to us meanwhile goes on where it was left.
    func take(_ partitions: [TopicPartition], clusterID: String) async -> [TopicPartition: Int64] {
        await lock()
        defer { unlock() }
        self.clusterID = clusterID
        let back = stateNumbers(Array(left.intersection(partitions)))
        left.subtract(partitions)
        desk.with { $0.resume(Set(back), at: clock()) }
        if trouble != nil { await recover() }
        let new = partitions.filter { stored[$0] == nil && !unrestored.contains($0) }
        do {
            if trouble == nil { try await restore(new) }
        } catch {
            away(error)
        }
        if trouble != nil { unrestored.formUnion(new) }
        desk.place(rewinds.filter { partitions.contains($0.key) })
        let places = desk.places(partitions)
        var offsets: [TopicPartition: Int64] = [:]
        for partition in partitions {
            rewinds[partition] = nil
            if let place = places[partition] {
                offsets[partition] = place
            } else if unrestored.contains(partition) {
                offsets[partition] = ConsumerLoop.newest
            }
        }
        desk.with { $0.speaksForAll = self.speaksForAll }
        return offsets
    }

    /// Gives partitions back, everything stored if it can be. If not they stay in memory, and what is queued goes on being
    /// delivered, until they come back or can be written up.
    ///
    /// What is being sent is waited for a little: else the next alerter would have to send it again.
    func giveBack(_ partitions: [TopicPartition]) async {
        desk.with { $0.notifications.isClosing = true }
        let end = ContinuousClock.now + .seconds(5)
        while desk.with({ $0.notifications.isSending }), ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await save()
        defer { desk.with { $0.notifications.isClosing = false } }
        await lock()
        defer { unlock() }
        left.formUnion(partitions)
        if trouble == nil {
            release(left)
        } else {
            desk.with { $0.rest(Set(stateNumbers(partitions))) }
        }
    }

    /// Stores what changed. Returns when that is done, or the database is away.
    func save() async {
        guard trouble == nil else { return }
        await lock()
        defer { unlock() }
        guard trouble == nil else { return }
        await write()
    }

    /// Tries the database again while it is away, and asks now and then whether it still is there.
    func revive() async {
        await lock()
        defer { unlock() }
        if trouble != nil {
            await recover()
        } else if ContinuousClock.now - lastAnswer > .seconds(5) {
            do { try await ask() } catch { away(error) }
        }
        metrics.storageUp.set(trouble == nil ? 1 : 0)
    }

    /// Partitions to be read again, handed out once. What was read of them since is not used up.
    func takeRewinds() -> [TopicPartition: Int64] {
        defer { rewinds = [:] }
        desk.place(rewinds)
        return rewinds
    }

    // MARK: Inside the lock

    /// Takes over what is stored and writes up what is known, if the database is back.
    private func recover() async {
        do {
            try await reconcile()
            try await releaseOvertaken()
            let late = unrestored
            try await restore(Array(late))
            unrestored = []
            for partition in late where partition.topic == findingsTopic && !left.contains(partition) {
                if let offset = stored[partition] ?? nil { rewinds[partition] = offset }
            }
            trouble = nil
            logger.info("Database is back")
            // Which of the last commits it kept is not known: what we know is written up whole, in place of what is there.
            rewrite = true
            desk.with { $0.markAllDirty() }
            await write()
        } catch {
            away(error)
        }
    }

    private func write() async {
        let (journal, used) = desk.takeJournal()
        // What is not taken over must not be overwritten: its offset moves when it is. What was given back is written
        // only while nobody has gone on with it, which its offset shows also where it stays.
        let moves = used.filter { partition, next in
            guard let offset = stored[partition], rewinds[partition] == nil else { return false }
            return offset != next || left.contains(partition)
        }
        .map { (partition: $0.key, from: stored[$0.key]!, to: $0.value) }.sorted { $0.partition < $1.partition }
        guard !journal.isEmpty || !moves.isEmpty || rewrite else { return }
        let (store, clusterID) = (store, clusterID)
        let start = ContinuousClock.now
        let cleared = rewrite ? stateNumbers(Array(stored.keys)) : []
        do {
            try await within { connection in
                try await connection.transaction { connection in
                    try await store.clear(cleared, &connection)
                    try await store.write(journal, &connection)
                    try await store.offsets.advance(moves, clusterID: clusterID, &connection)
                }
            }
            metrics.transaction.observe(.now - start)
            rewrite = false
            for move in moves { stored[move.partition] = .some(move.to) }
            release(left)
        } catch let error as OffsetError {
            desk.with { $0.putBack(journal) }
            logger.warning("Another alerter owned a partition", [.errorMessage: LogValue(describing: error)])
            do { try await reconcile() } catch { away(error) }
        } catch {
            desk.with { $0.putBack(journal) }
            for move in moves { doubtful[move.partition] = move.to }
            away(error)
        }
    }

    /// After a failure it is not known whether the last save was committed: what is stored now says so.
    private func reconcile() async throws {
        let partitions = stored.keys.filter { !unrestored.contains($0) }
        let (store, clusterID) = (store, clusterID)
        let found = try await within { connection in
            try await store.offsets.load(Array(partitions), clusterID: clusterID, &connection)
        }
        var others: [TopicPartition] = []
        for partition in partitions {
            let offset = found[partition]
            if offset == stored[partition]! || offset == doubtful[partition] {
                stored[partition] = .some(offset)
            } else if offset ?? -1 < stored[partition]! ?? -1 {
                // Another alerter only moves it ahead: the database itself has lost what it had stored, as one does that
                // failed over to a standby that was behind.
                stored[partition] = .some(offset)
            } else {
                others.append(partition)
            }
        }
        doubtful = [:]
        if !others.isEmpty { await fenced(others) }
    }

    /// Somebody else moved the offsets: what is stored is right. Ours is dropped, read again, and read on from there; what
    /// was given back is dropped only.
    private func fenced(_ partitions: [TopicPartition]) async {
        let given = left.intersection(partitions)
        release(given)
        // A partition of samples and the same one of findings make one state.
        let numbers = Set(partitions.filter { !given.contains($0) }.map(\.partition))
        let all = stored.keys.filter { numbers.contains($0.partition) && !left.contains($0) }
        guard !all.isEmpty else { return }
        desk.forget(all, states: numbers)
        for partition in all { stored[partition] = nil }
        do {
            try await restore(all)
            for (partition, offset) in desk.places(all) { rewinds[partition] = offset }
        } catch {
            unrestored.formUnion(all)
            away(error)
        }
    }

    /// Forgets partitions that were given back. State goes with a partition of samples and of findings alone.
    private func release(_ partitions: Set<TopicPartition>) {
        guard !partitions.isEmpty else { return }
        let numbers = Set(partitions.filter(isOfState).map(\.partition))
        let all = partitions.union(left.filter { isOfState($0) && numbers.contains($0.partition) })
        let isNothingLeft = all.isSuperset(of: stored.keys) && all.isSuperset(of: unrestored)
        desk.forget(Array(all), states: isNothingLeft ? Set(all.map(\.partition)) : numbers)
        left.subtract(all)
        unrestored.subtract(all)
        for partition in all {
            stored[partition] = nil
            doubtful[partition] = nil
            rewinds[partition] = nil
        }
    }

    /// Of what was given back before its stored state was seen only that is written up which nobody has gone on with.
    private func releaseOvertaken() async throws {
        let given = left.intersection(unrestored)
        guard !given.isEmpty else { return }
        let (store, clusterID, places) = (store, clusterID, desk.places(Array(given)))
        let found = try await within { connection in
            try await store.offsets.load(Array(given), clusterID: clusterID, &connection)
        }
        let ahead = given.filter { places[$0] ?? -1 > found[$0] ?? -1 }
        let behind = given.filter { partition in places[partition].map { $0 < found[partition] ?? -1 } ?? false }
        let states = Set(ahead.filter(isOfState).map(\.partition)).subtracting(behind.map(\.partition))
        release(given.filter { isOfState($0) ? !states.contains($0.partition) : !ahead.contains($0) })
    }

    private func isOfState(_ partition: TopicPartition) -> Bool {
        partition.topic == stateTopic || partition.topic == findingsTopic
    }

    private func ask() async throws {
        _ = try await within { connection in try await connection.query("SELECT 1").rowCount }
    }

    private func restore(_ partitions: [TopicPartition]) async throws {
        guard !partitions.isEmpty else { return }
        let (store, clusterID) = (store, clusterID)
        let (numbers, states) = (Set(partitions.map(\.partition)), stateNumbers(partitions))
        let (offsets, state) = try await within { connection in
            (
                try await store.offsets.load(partitions, clusterID: clusterID, &connection),
                try await store.read(states, ledger: Array(numbers), &connection)
            )
        }
        let now = clock()
        desk.with { $0.restore(state, partitions: Set(states), at: now) }
        let places = desk.places(partitions)
        // Read from the newest on meanwhile: what was stored is behind that, and is moved up to it with the next save.
        desk.place(offsets.filter { places[$0.key] == nil && !unrestored.contains($0.key) })
        for partition in partitions { stored[partition] = .some(offsets[partition]) }
    }

    private var speaksForAll: Bool {
        let ours = Set(stored.keys).union(unrestored).subtracting(left)
        return ours.isEmpty || ours.contains { $0.topic == stateTopic && $0.partition == 0 }
    }

    /// The partitions of state among these; the alerters' own alerts (-1) go with partition 0. A partition of another
    /// topic may be ours while the state of that number is another alerter's.
    private func stateNumbers(_ partitions: [TopicPartition]) -> [Int32] {
        let numbers = Set(partitions.filter { $0.topic == stateTopic }.map(\.partition))
        return Array(numbers) + (numbers.contains(0) ? [-1] : [])
    }

    private func away(_ error: any Error) {
        let text = AlerterSchema.explained(error)
        if trouble == nil {
            logger.error("Database is away, going on from memory", [.errorMessage: LogValue(text)])
        } else if trouble != text {
            logger.warning("Database is still away", [.errorMessage: LogValue(text)])
        }
        trouble = text
        metrics.storageUp.set(0)
    }

    /// With a connection, and within the time.
    private func within<T: Sendable>(
        _ body: @escaping @Sendable (inout PostgresConnection) async throws -> T
    ) async throws -> T {
        let (pool, timeout) = (pool, timeout)
        return try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask { try await pool.withConnection(body) }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw AlerterError("the database did not answer within \(timeout)")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            lastAnswer = .now
            return value
        }
    }

    // MARK: The lock, for an actor lets others in at every await

    private func lock() async {
        if !saving {
            saving = true
            return
        }
        await withCheckedContinuation { waiters.append($0) }
    }

    private func unlock() {
        if waiters.isEmpty {
            saving = false
        } else {
            waiters.removeFirst().resume()
        }
    }
}
