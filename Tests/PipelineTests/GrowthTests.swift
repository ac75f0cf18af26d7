import Foundation
import Kafka
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// Partitions are added under a running system: keys move, and still nothing is lost, doubled or called a gap.
    @Suite struct GrowthTests {
        @Test(.enabled(if: RealKafka.isFound, "\(RealKafka.whereLooked)"), arguments: Broker.plain)
        func `A topic that grows loses nothing and doubles nothing`(_ broker: Broker) async throws {
            try await World.with(
                broker, change: { $0.kafkaProperties["topic.metadata.refresh.interval.ms"] = "1000" }
            ) { world in
                let server = world.monitored.target.id
                try await world.cycles()
                _ = try await world.monitored.pgbench(["-n", "-c", "1", "-t", "40"])
                try await grow(world, to: try anotherCount(for: server))
                async let output = world.monitored.pgbench(["-n", "-c", "1", "-j", "1", "-R", "30", "-T", "60"])
                try await waitFor("a second epoch of the collector", within: .seconds(100)) {
                    let epochs = try await world.stored(
                        "SELECT count(DISTINCT epoch) FROM ledger.streams WHERE key = '\(server)'")
                    return epochs > 1 ? true : nil
                }
                world.stack.supervisor.kill("collector", again: true)
                _ = try await output
                try await world.expectCounts(try await world.monitored.counters())
                #expect(try await world.stored("SELECT count(*) FROM api.gaps") == 0)
                let partitions = try await world.stored(
                    "SELECT count(DISTINCT partition) FROM ledger.streams WHERE key = '\(server)'")
                #expect(partitions == 2)
            }
        }

        private static let declared = 24

        /// A number of partitions with which the key is in another one than now.
        private func anotherCount(for key: String) throws -> Int {
            let now = KafkaProducer.partition(of: Array(key.utf8), among: Self.declared)
            let counts = Self.declared + 1...Self.declared + 12
            return try #require(counts.first { KafkaProducer.partition(of: Array(key.utf8), among: $0) != now })
        }

        /// `pganalytics topics apply --grow` with declarations of more partitions.
        private func grow(_ world: World, to partitions: Int) async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "pga-topics-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let original = URL(filePath: try TopicsFolder.find(nil))
            for name in try FileManager.default.contentsOfDirectory(atPath: original.path())
            where name.hasSuffix(".yaml") {
                let text = try String(contentsOf: original.appending(path: name), encoding: .utf8)
                    .replacing("partitions: \(Self.declared)", with: "partitions: \(partitions)")
                try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
            }
            var environment = Stack.environment
            environment["KAFKA_BOOTSTRAP_SERVERS"] = world.stack.bootstrapServers
            let result = try await ChildProcess.run(
                executable: Installation.binary("pganalytics"),
                arguments: ["topics", "apply", "--grow", "--topics", folder.path()], environment: environment)
            #expect(result.status == .exited(0), "\(result)")
        }
    }
}
