import Kafka
import Postgres

/// Reads where streams stand.
enum StoredStreams {
    static func load(
        _ partitions: [TopicPartition], clusterID: String, _ connection: inout PostgresConnection
    ) async throws(PostgresError) -> [(StreamKey, StreamLedger.Mark)] {
        let rows = try await connection.query(
            IngestSQL.loadStreams,
            [
                .text(clusterID), .textArray(partitions.map(\.topic)),
                .intArray(partitions.map { Int64($0.partition) }),
            ], timeout: .seconds(120))
        var result: [(StreamKey, StreamLedger.Mark)] = []
        result.reserveCapacity(rows.rowCount)
        for row in 0..<rows.rowCount {
            guard let topic = try rows.text(row, 0), let partition = try rows.int(row, 1),
                let producer = try rows.text(row, 2), let key = try rows.text(row, 3),
                let epoch = try rows.text(row, 4), let sequence = try rows.int(row, 5), let time = try rows.int(row, 6)
            else { continue }
            let stream = StreamKey(
                partition: TopicPartition(topic: topic, partition: Int32(truncatingIfNeeded: partition)),
                producer: producer, key: key, epoch: epoch)
            result.append((stream, StreamLedger.Mark(sequence: UInt64(max(0, sequence)), time: time)))
        }
        return result
    }
}
