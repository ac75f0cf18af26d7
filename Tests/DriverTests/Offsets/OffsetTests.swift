import Kafka
import Offsets
import Postgres
import Support
import Testing

extension WithPostgres {
    @Suite struct StoredOffsets {
        private let a = TopicPartition(topic: "t", partition: 0)
        private let b = TopicPartition(topic: "t", partition: 1)
        private let table = OffsetTable(schema: "own")

        private func open() async throws -> PostgresConnection {
            var connection = try await PostgresConnection.open(TestServer.database())
            try await connection.execute("CREATE SCHEMA own;" + OffsetTable.migrationSQL(schema: "own"))
            return connection
        }

        @Test func `Offsets are kept by cluster and moved from what they were`() async throws {
            var connection = try await open()
            #expect(try await table.load([a, b], clusterID: "x", &connection) == [:])
            try await table.advance([(a, nil, 5), (b, nil, 7)], clusterID: "x", &connection)
            try await table.advance([(a, 5, 9)], clusterID: "x", &connection)
            #expect(try await table.load([a, b], clusterID: "x", &connection) == [a: 9, b: 7])
            #expect(try await table.load([a], clusterID: "y", &connection) == [:])
        }

        @Test func `Whoever expects another offset is fenced, first step or later`() async throws {
            var connection = try await open()
            try await table.advance([(a, nil, 5)], clusterID: "x", &connection)
            let moves: [OffsetTable.Move] = [(a, nil, 6), (a, 4, 6), (b, 3, 4)]
            for move in moves {
                let error = await #expect(throws: OffsetError.self) {
                    try await connection.transaction { try await table.advance([move], clusterID: "x", &$0) }
                }
                #expect(
                    error == .fenced(move.partition, expected: move.from, stored: move.partition == a ? 5 : nil))
            }
            #expect(try await table.load([a, b], clusterID: "x", &connection) == [a: 5])
        }

        @Test func `A batch of which one partition is fenced moves none`() async throws {
            var connection = try await open()
            try await table.advance([(a, nil, 5), (b, nil, 5)], clusterID: "x", &connection)
            await #expect(throws: OffsetError.self) {
                try await connection.transaction {
                    try await table.advance([(a, 5, 6), (b, 4, 6)], clusterID: "x", &$0)
                }
            }
            #expect(try await table.load([a, b], clusterID: "x", &connection) == [a: 5, b: 5])
        }
    }
}
