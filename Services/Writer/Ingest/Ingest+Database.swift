import Kafka
import Offsets
import Postgres
import Synchronization

/// The sink's side that talks to the database outside of a batch's transaction.
extension Ingest {
    /// Reads the stored offsets and streams of partitions.
    func load(_ wanted: [TopicPartition]) async throws -> [TopicPartition: Int64] {
        ledger.forget(Set(wanted))
        let (cluster, offsets) = (clusterID, offsets)
        let (found, marks) = try await withDatabase { connection in
            let found = try await offsets.load(wanted, clusterID: cluster, &connection)
            let marks = try await StoredStreams.load(wanted, clusterID: cluster, &connection)
            return (found, marks)
        }
        for (stream, mark) in marks { ledger.load(stream, mark) }
        for partition in wanted { stored[partition] = .some(found[partition]) }
        return found
    }

    func rewind(_ partitions: Set<TopicPartition>) async throws -> [TopicPartition: Disposition] {
        // Also what happens when the schema was taken down and up again under us: then nothing that we remember is true.
        forgetDatabase()
        let found = try await load(partitions.sorted())
        return Dictionary(uniqueKeysWithValues: partitions.map { ($0, .rewind(to: found[$0] ?? 0)) })
    }

    /// Forgets what is remembered of tables and rows, so that it is looked up again.
    func forgetDatabase() {
        instances = [:]
        facts = [:]
        names = StatementNames()
        partitions.forget()
    }

    func dropPartitions(before day: Day) async throws -> (dropped: [String], locked: [String]) {
        var partitions = partitions
        let result = try await withDatabase { try await partitions.drop(before: day, &$0) }
        self.partitions = partitions
        return result
    }

    /// Lends the connection, opened when there is none. One that is left in a transaction is not used again.
    func withDatabase<T>(_ body: (inout PostgresConnection) async throws -> T) async throws -> T {
        var lent = try await usableConnection()
        do {
            let value = try await body(&lent)
            obstacle.withLock { $0 = nil }
            connection = consume lent
            return value
        } catch {
            if FailureClass(error) == .infrastructure { obstacle.withLock { $0 = "\(error)" } }
            if lent.isUsable && !lent.isInTransaction { connection = consume lent }
            throw error
        }
    }

    func usableConnection() async throws -> PostgresConnection {
        if let open = connection.take(), open.isUsable { return open }
        do {
            var opened = try await PostgresConnection.open(settings, logger: logger)
            let status = try await Schema.migrator.status(&opened)
            if let problem = SchemaProblem(status, place: opened.place) { throw problem.error }
            return opened
        } catch {
            obstacle.withLock { $0 = "\(error)" }
            throw error
        }
    }
}
