public import Kafka
public import Postgres

/// The next offsets of one consumer, kept in its own database beside what it made of the records.
///
/// A consumer that moves them in the transaction that stores its results has used every record exactly once, whatever
/// dies when. Moving is compare-and-swap: of two consumers that both believe they own a partition, the second finds the
/// offset moved, is fenced, and rolls back. They are kept by the cluster's id, for another cluster's offsets mean nothing.
public struct OffsetTable: Sendable {
    /// One partition's step: `from` is what was stored (nil: nothing), `to` the next offset to read.
    public typealias Move = (partition: TopicPartition, from: Int64?, to: Int64)

    private let table: String

    /// The offsets in `<schema>.offsets`.
    public init(schema: String) {
        table = Self.name(schema)
    }

    private static func name(_ schema: String) -> String {
        PostgresConnection.quoted(identifier: schema) + ".offsets"
    }

    /// Makes the table; for a step of the consumer's own migrations.
    public static func migrationSQL(schema: String) -> String {
        """
        CREATE TABLE \(name(schema)) (
            cluster_id text NOT NULL,
            topic text NOT NULL,
            partition integer NOT NULL,
            next_offset bigint NOT NULL CHECK (next_offset >= 0),
            updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (cluster_id, topic, partition)
        ) WITH (fillfactor = 50);
        COMMENT ON TABLE \(name(schema)) IS
            'The next offset to read of each partition, moved in the transaction that stores what was read.';
        """
    }

    /// Takes `migrationSQL` back.
    public static func downSQL(schema: String) -> String { "DROP TABLE IF EXISTS \(name(schema));" }

    /// The stored next offsets of these partitions; one that has none is left out.
    public func load(
        _ partitions: [TopicPartition], clusterID: String, _ connection: inout PostgresConnection
    ) async throws(PostgresError) -> [TopicPartition: Int64] {
        let rows = try await connection.query(
            """
            SELECT o.topic, o.partition, o.next_offset FROM \(table) o
            JOIN unnest($2::text[], $3::bigint[]) AS wanted (topic, partition)
              ON o.topic = wanted.topic AND o.partition = wanted.partition
            WHERE o.cluster_id = $1
            """,
            [
                .text(clusterID), .textArray(partitions.map(\.topic)),
                .intArray(partitions.map { Int64($0.partition) }),
            ])
        var result: [TopicPartition: Int64] = [:]
        for row in 0..<rows.rowCount {
            guard let topic = try rows.text(row, 0), let partition = try rows.int(row, 1),
                let next = try rows.int(row, 2)
            else { continue }
            result[TopicPartition(topic: topic, partition: Int32(truncatingIfNeeded: partition))] = next
        }
        return result
    }

    /// Moves the offsets; call it in the transaction that stores the results, last.
    ///
    /// - Throws: `OffsetError.fenced` when a stored offset is not what `from` says; the transaction must then be rolled
    ///   back and the offsets loaded again. `PostgresError` for anything else.
    public func advance(
        _ moves: [Move], clusterID: String, _ connection: inout PostgresConnection
    ) async throws {
        if moves.isEmpty { return }
        // A row that is not there is expected by -1: made on the way if it is still missing. ON CONFLICT waits for
        // another's uncommitted row, and UPDATE re-checks its condition after waiting.
        let rows = try await connection.query(
            """
            WITH moves AS (
                SELECT * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
                    AS m (topic, partition, old, new)
            ), moved AS (
                UPDATE \(table) o SET next_offset = m.new, updated_at = clock_timestamp() FROM moves m
                WHERE o.cluster_id = $1 AND o.topic = m.topic AND o.partition = m.partition AND o.next_offset = m.old
                RETURNING o.topic, o.partition
            ), made AS (
                INSERT INTO \(table) (cluster_id, topic, partition, next_offset)
                SELECT $1, topic, partition::integer, new FROM moves WHERE old < 0
                ON CONFLICT DO NOTHING
                RETURNING topic, partition
            )
            SELECT topic, partition FROM moved UNION ALL SELECT topic, partition FROM made
            """,
            [
                .text(clusterID), .textArray(moves.map(\.partition.topic)),
                .intArray(moves.map { Int64($0.partition.partition) }), .intArray(moves.map { $0.from ?? -1 }),
                .intArray(moves.map(\.to)),
            ])
        if rows.rowCount == moves.count { return }
        var done: Set<TopicPartition> = []
        for row in 0..<rows.rowCount {
            done.insert(
                TopicPartition(
                    topic: try rows.text(row, 0) ?? "",
                    partition: Int32(truncatingIfNeeded: try rows.int(row, 1) ?? -1)))
        }
        guard let fenced = moves.first(where: { !done.contains($0.partition) }) else { return }
        let stored = try await load([fenced.partition], clusterID: clusterID, &connection)
        throw OffsetError.fenced(fenced.partition, expected: fenced.from, stored: stored[fenced.partition])
    }
}
