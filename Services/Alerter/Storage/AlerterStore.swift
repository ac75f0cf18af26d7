import Codec
import Foundation
import Offsets
import Postgres

/// The alerter's SQL: a journal written, and read again.
struct AlerterStore: Sendable {
    let offsets = OffsetTable(schema: AlerterSchema.name)

    /// Writes a journal; call it in a transaction.
    func write(_ journal: Journal, _ connection: inout PostgresConnection) async throws {
        for kind in Journal.Kind.allCases {
            if let rows = journal.upserts[kind], !rows.isEmpty {
                _ = try await connection.query(
                    """
                    INSERT INTO alerter.\(kind.rawValue) (key, partition, value)
                    SELECT key, partition, value::jsonb
                    FROM unnest($1::text[], $2::bigint[], $3::text[]) WITH ORDINALITY AS r (key, partition, value, place)
                    ORDER BY place
                    ON CONFLICT (key) DO UPDATE SET
                        partition = excluded.partition, value = excluded.value, updated_at = clock_timestamp()
                    """,
                    [
                        .textArray(rows.map(\.key)), .intArray(rows.map { Int64($0.partition) }),
                        .textArray(rows.map(\.json)),
                    ])
            }
            if let keys = journal.deletes[kind], !keys.isEmpty {
                _ = try await connection.query(
                    "DELETE FROM alerter.\(kind.rawValue) WHERE key = ANY ($1)", [.textArray(keys)])
            }
        }
        try await store(journal.ledger, &connection)
    }

    /// Removes all state of these partitions, but for the ledger: what is written next is all there is.
    func clear(_ partitions: [Int32], _ connection: inout PostgresConnection) async throws {
        guard !partitions.isEmpty else { return }
        for kind in Journal.Kind.allCases {
            _ = try await connection.query(
                "DELETE FROM alerter.\(kind.rawValue) WHERE partition = ANY ($1)",
                [.intArray(partitions.map(Int64.init))])
        }
    }

    /// Reads what is stored of these partitions.
    func read(
        _ partitions: [Int32], ledger numbers: [Int32], _ connection: inout PostgresConnection
    ) async throws -> StoredState {
        var state = StoredState()
        state.alerts = try await all(.alerts, partitions, &connection)
        state.instances = try await all(.instances, partitions, &connection)
        state.findings = try await all(.findings, partitions, &connection)
        state.events = try await all(.events, partitions, &connection)
        state.conversations = try await all(.conversations, partitions, &connection)
        state.deliveries = try await all(.deliveries, partitions, &connection)
        state.ledger = try await ledger(numbers, &connection)
        return state
    }

    private func all<T: Decodable>(
        _ kind: Journal.Kind, _ partitions: [Int32], _ connection: inout PostgresConnection
    ) async throws -> [T] {
        let rows = try await connection.query(
            "SELECT value::text FROM alerter.\(kind.rawValue) WHERE partition = ANY ($1) ORDER BY id",
            [.intArray(partitions.map(Int64.init))])
        let decoder = StateCoding.decoder()
        var items: [T] = []
        for row in 0..<rows.rowCount {
            guard let text = try rows.text(row, 0) else { continue }
            do {
                items.append(try decoder.decode(T.self, from: Data(text.utf8)))
            } catch {
                throw AlerterError(
                    "alerter.\(kind.rawValue) holds what this alerter cannot read (\(error)): run the newer one")
            }
        }
        return items
    }

    private func ledger(
        _ partitions: [Int32], _ connection: inout PostgresConnection
    ) async throws -> [SequenceLedger.Entry] {
        let rows = try await connection.query(
            """
            SELECT partition, stream, epoch, last_sequence::text FROM alerter.ledger
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

    private func store(_ entries: [SequenceLedger.Entry], _ connection: inout PostgresConnection) async throws {
        guard !entries.isEmpty else { return }
        // The last of a line is the newest: one statement must not touch a row twice. Of a stream the newest epochs, for
        // others have been forgotten by now.
        var newest: [SequenceLedger.Key: [String: UInt64]] = [:]
        for entry in entries.reversed() where newest[entry.key]?[entry.epoch] == nil {
            guard newest[entry.key, default: [:]].count < SequenceLedger.epochsPerStream else { continue }
            newest[entry.key, default: [:]][entry.epoch] = entry.last
        }
        let lines = newest.flatMap { key, epochs in epochs.map { (key, $0.key, $0.value) } }
            .sorted { ($0.0.partition, $0.0.stream, $0.1) < ($1.0.partition, $1.0.stream, $1.1) }
        // A row without an xmax is one that was not there before.
        let begun = try await connection.query(
            """
            WITH stored AS (
                INSERT INTO alerter.ledger (partition, stream, epoch, last_sequence)
                SELECT partition, stream, epoch, last::numeric
                FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS e (partition, stream, epoch, last)
                ON CONFLICT (partition, stream, epoch)
                DO UPDATE SET last_sequence = excluded.last_sequence, updated_at = clock_timestamp()
                RETURNING partition, stream, xmax = 0 AS is_new
            )
            SELECT array_agg(partition::bigint), array_agg(stream) FROM stored WHERE is_new
            """,
            [
                .intArray(lines.map { Int64($0.0.partition) }), .textArray(lines.map(\.0.stream)),
                .textArray(lines.map(\.1)), .textArray(lines.map { String($0.2) }),
            ])
        guard let partitions = try begun.intArray(0, 0), let streams = try begun.textArray(0, 1) else { return }
        // Where an epoch began another may be one too many: as many are kept as are known in memory.
        _ = try await connection.query(
            """
            DELETE FROM alerter.ledger l USING (
                SELECT o.partition, o.stream, o.epoch,
                       row_number() OVER (PARTITION BY o.partition, o.stream ORDER BY o.updated_at DESC) AS place
                FROM alerter.ledger o
                WHERE (o.partition, o.stream) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))
            ) AS known
            WHERE known.place > $3 AND l.partition = known.partition AND l.stream = known.stream
              AND l.epoch = known.epoch
            """, [.intArray(partitions), .textArray(streams), .int(Int64(SequenceLedger.epochsPerStream))])
    }
}
