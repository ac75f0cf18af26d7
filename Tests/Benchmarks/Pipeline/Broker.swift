import Codec
import Foundation
import Kafka
import Runtime
import Support

/// Where the messages go: a real Kafka where one is found, else librdkafka's mock cluster in this process.
struct Broker {
    let bootstrapServers: String
    /// For the notes.
    let kind: String

    func settings(clientID: String) -> KafkaSettings {
        KafkaSettings(bootstrapServers: bootstrapServers, clientID: clientID)
    }

    static func with(_ body: (Broker) async throws -> Void) async throws {
        var topics = Topics.all.map { (name: $0.fullName(), partitions: World.partitions) }
        topics.append((World.raw, World.partitions))
        // A partition of the mock keeps 5 MiB: what is sent here stays below that in each.
        let cluster = try MockCluster(brokers: 1, topics: topics)
        defer { cluster.close() }
        try await body(Broker(bootstrapServers: cluster.bootstrapServers, kind: "librdkafka's mock broker in this process"))
    }
}
