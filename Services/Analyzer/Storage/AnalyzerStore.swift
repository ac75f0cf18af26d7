import Codec
import Crypto
import Kafka
import Offsets
import Postgres

/// The analyzer's SQL.
struct AnalyzerStore: Sendable {
    let offsets = OffsetTable(schema: AnalyzerSchema.name)

    // MARK: Ledger

    func ledger(
        _ partitions: [Int32], _ connection: inout PostgresConnection
    ) async throws -> [SequenceLedger.Entry] {
        let rows = try await connection.query(
            """
            SELECT partition, stream, epoch, last_sequence::text FROM analyzer.ledger
            WHERE partition = ANY ($1) ORDER BY updated_at
            """, [.intArray(partitions.map(Int64.init))])
        var entries: [SequenceLedger.Entry] = []
        for row in 0..<rows.rowCount {
            guard let partition = try rows.int(row, 0), let stream = try rows.text(row, 1),
                let epoch = try rows.text(row, 2), let last = try rows.text(row, 3).flatMap({ UInt64($0) })
            else { continue }
            entries.append(
                .init(
                    key: .init(partition: Int32(truncatingIfNeeded: partition), stream: stream), epoch: epoch,
                    last: last))
        }
        return entries
    }

    func store(_ entries: [SequenceLedger.Entry], _ connection: inout PostgresConnection) async throws {
        guard !entries.isEmpty else { return }
        // A row without an xmax is one that was not there before.
        let begun = try await connection.query(
            """
            WITH stored AS (
                INSERT INTO analyzer.ledger (partition, stream, epoch, last_sequence)
                SELECT partition, stream, epoch, last::numeric
                FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS e (partition, stream, epoch, last)
                ON CONFLICT (partition, stream, epoch)
                DO UPDATE SET last_sequence = excluded.last_sequence, updated_at = clock_timestamp()
                RETURNING partition, stream, xmax = 0 AS is_new
            )
            SELECT array_agg(partition::bigint), array_agg(stream) FROM stored WHERE is_new
            """,
            [
                .intArray(entries.map { Int64($0.key.partition) }), .textArray(entries.map(\.key.stream)),
                .textArray(entries.map(\.epoch)), .textArray(entries.map { String($0.last) }),
            ])
        guard let partitions = try begun.intArray(0, 0), let streams = try begun.textArray(0, 1) else { return }
        // Where an epoch began another may be one too many: as many are kept as are known in memory.
        _ = try await connection.query(
            """
            DELETE FROM analyzer.ledger l USING (
                SELECT o.partition, o.stream, o.epoch,
                       row_number() OVER (PARTITION BY o.partition, o.stream ORDER BY o.updated_at DESC) AS place
                FROM analyzer.ledger o
                WHERE (o.partition, o.stream) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))
            ) AS known
            WHERE known.place > $3 AND l.partition = known.partition AND l.stream = known.stream
              AND l.epoch = known.epoch
            """, [.intArray(partitions), .textArray(streams), .int(Int64(SequenceLedger.epochsPerStream))])
    }

    // MARK: Baselines

    /// The stored baselines of these keys; one that has none is left out.
    func baselines(
        _ keys: [BaselineKey], _ connection: inout PostgresConnection
    ) async throws -> [BaselineKey: Baseline] {
        guard !keys.isEmpty else { return [:] }
        let rows = try await connection.query(
            """
            SELECT b.instance, b.database, b.username, b.queryid, b.toplevel, b.state FROM analyzer.baselines b
            JOIN unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
                AS k (instance, database, username, queryid, toplevel)
              ON b.instance = k.instance AND b.queryid = k.queryid AND b.database = k.database
             AND b.username = k.username AND b.toplevel = (k.toplevel = 1)
            """, columns(keys))
        return try read(rows)
    }

    /// The baselines of open findings of these instances.
    func broken(
        _ instances: [String], _ connection: inout PostgresConnection
    ) async throws -> [BaselineKey: Baseline] {
        let rows = try await connection.query(
            """
            SELECT instance, database, username, queryid, toplevel, state FROM analyzer.baselines
            WHERE broken AND instance = ANY ($1)
            """, [.textArray(instances)])
        return try read(rows)
    }

    func store(
        _ baselines: [(key: BaselineKey, value: Baseline)], _ connection: inout PostgresConnection
    ) async throws {
        // Always in the same order, so that two analyzers that both believe to own a partition cannot deadlock.
        let sorted = baselines.sorted { order($0.key) < order($1.key) }
        for start in stride(from: 0, to: sorted.count, by: 5_000) {
            let some = sorted[start..<min(start + 5_000, sorted.count)]
            let states = some.map { Hex.encode(BaselineCoding.encode($0.value)) }
            _ = try await connection.query(
                """
                INSERT INTO analyzer.baselines
                    (instance, database, username, queryid, toplevel, seen, broken, state)
                SELECT instance, database, username, queryid, toplevel = 1,
                       timestamptz 'epoch' + seen * interval '1 microsecond', broken = 1, decode(state, 'hex')
                FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                    $8::text[]) AS b (instance, database, username, queryid, toplevel, seen, broken, state)
                ON CONFLICT (instance, queryid, database, username, toplevel) DO UPDATE SET
                    seen = excluded.seen, broken = excluded.broken, state = excluded.state,
                    updated_at = clock_timestamp()
                """,
                columns(some.map(\.key)) + [
                    .intArray(some.map { Self.storable($0.value.lastSeen) }),
                    .intArray(some.map { $0.value.episode == nil ? 0 : 1 }), .textArray(states),
                ])
        }
    }

    /// Removes what was not seen for longest, beyond the limit, and what nothing was added to for long.
    func prune(
        _ instance: String, keep: Int, retention: Duration, _ connection: inout PostgresConnection
    ) async throws -> Int {
        let result = try await connection.query(
            """
            DELETE FROM analyzer.baselines b USING (
                SELECT queryid, database, username, toplevel FROM analyzer.baselines
                WHERE instance = $1 AND NOT broken ORDER BY seen DESC OFFSET $2
            ) AS surplus
            WHERE b.instance = $1 AND b.queryid = surplus.queryid AND b.database = surplus.database
              AND b.username = surplus.username AND b.toplevel = surplus.toplevel
            """, [.text(instance), .int(Int64(keep))])
        let stale = try await connection.query(
            """
            DELETE FROM analyzer.baselines
            WHERE instance = $1 AND NOT broken AND updated_at < clock_timestamp() - $2::bigint * interval '1 microsecond'
            """, [.text(instance), .int(retention.microseconds)])
        return result.affectedRows + stale.affectedRows
    }

    // MARK: Texts

    func store(_ texts: [StatementText], _ connection: inout PostgresConnection) async throws {
        guard !texts.isEmpty else { return }
        _ = try await connection.query(
            """
            INSERT INTO analyzer.texts (name, text) SELECT DISTINCT ON (name) name, text
            FROM unnest($1::text[], $2::text[]) AS t (name, text) ORDER BY name
            ON CONFLICT (name) DO NOTHING
            """, [.textArray(texts.map(\.name)), .textArray(texts.map(\.text))])
    }

    /// The texts of these statements, as far as they are known.
    func texts(_ names: [String], _ connection: inout PostgresConnection) async throws -> [String: String] {
        guard !names.isEmpty else { return [:] }
        let rows = try await connection.query(
            "SELECT name, text FROM analyzer.texts WHERE name = ANY ($1)", [.textArray(names)])
        var texts: [String: String] = [:]
        for row in 0..<rows.rowCount {
            if let name = try rows.text(row, 0), let text = try rows.text(row, 1) { texts[name] = text }
        }
        return texts
    }

    // MARK: Outbox

    func enqueue(_ messages: [FindingMessage], _ connection: inout PostgresConnection) async throws {
        guard !messages.isEmpty else { return }
        _ = try await connection.query(
            """
            INSERT INTO analyzer.outbox (message, instance, "time", payload)
            SELECT message, instance, at, decode(payload, 'hex')
            FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
                WITH ORDINALITY AS m (message, instance, at, payload, place)
            ORDER BY place
            ON CONFLICT (message) DO NOTHING
            """,
            [
                .textArray(messages.map(\.id)), .textArray(messages.map(\.instance)),
                .intArray(messages.map(\.time)), .textArray(messages.map { Hex.encode($0.payload) }),
            ])
    }

    /// Tries to take the right to send, for as long as the connection lives.
    func lockOutbox(_ connection: inout PostgresConnection) async throws -> Bool {
        let rows = try await connection.query(
            "SELECT pg_try_advisory_lock(hashtextextended('pganalytics analyzer outbox', 0))")
        return try rows.bool(0, 0) ?? false
    }

    /// The oldest messages, with their rows.
    func oldest(
        _ limit: Int, _ connection: inout PostgresConnection
    ) async throws -> [(row: Int64, message: FindingMessage)] {
        let rows = try await connection.query(
            #"SELECT id, message, instance, "time", payload FROM analyzer.outbox ORDER BY id LIMIT $1"#,
            [.int(Int64(limit))])
        var messages: [(row: Int64, message: FindingMessage)] = []
        for row in 0..<rows.rowCount {
            guard let id = try rows.int(row, 0), let message = try rows.text(row, 1),
                let instance = try rows.text(row, 2), let time = try rows.int(row, 3)
            else { continue }
            messages.append(
                (id, FindingMessage(id: message, instance: instance, time: time, payload: rows.bytes(row, 4) ?? [])))
        }
        return messages
    }

    func delete(_ rows: [Int64], _ connection: inout PostgresConnection) async throws {
        _ = try await connection.query("DELETE FROM analyzer.outbox WHERE id = ANY ($1)", [.intArray(rows)])
    }

    // MARK: Cells

    /// A server's clock may say anything; a timestamptz ends in the year 294276.
    private static func storable(_ time: Int64) -> Int64 {
        min(max(time, -62_000_000_000_000_000), 253_000_000_000_000_000)
    }

    private func order(_ key: BaselineKey) -> (String, Int64, String, String) {
        (key.instance, key.subject.queryid, key.subject.database, key.subject.username)
    }

    private func columns(_ keys: [BaselineKey]) -> [PostgresValue] {
        [
            .textArray(keys.map(\.instance)), .textArray(keys.map(\.subject.database)),
            .textArray(keys.map(\.subject.username)), .intArray(keys.map(\.subject.queryid)),
            .intArray(keys.map { $0.subject.topLevel ? 1 : 0 }),
        ]
    }

    private func read(_ rows: borrowing QueryResult) throws -> [BaselineKey: Baseline] {
        var found: [BaselineKey: Baseline] = [:]
        for row in 0..<rows.rowCount {
            guard let instance = try rows.text(row, 0), let database = try rows.text(row, 1),
                let username = try rows.text(row, 2), let queryid = try rows.int(row, 3),
                let topLevel = try rows.bool(row, 4), let state = rows.bytes(row, 5)
            else { continue }
            let subject = Subject(database: database, username: username, queryid: queryid, topLevel: topLevel)
            found[BaselineKey(instance: instance, subject: subject)] = try BaselineCoding.decode(state)
        }
        return found
    }
}
