import Codec
import Foundation
import Kafka
import Runtime
import Support

/// Where the messages go: a real Kafka where one is found, else librdkafka's mock cluster in this process.
struct Broker {
    let settings: KafkaSettings
    /// For the notes.
    let kind: String

    private static let topics = Topics.all.map { $0.fullName() } + [World.raw]

    static func with(_ body: (Broker) async throws -> Void) async throws {
        guard RealKafka.isFound else { return try await withMock(body) }
        try await RealKafka.with { kafka in
            let settings = kafka.settings(clientID: "bench")
            let admin = try KafkaAdmin(settings, logger: Logger(service: "bench", level: .error))
            try await admin.create(
                topics.map { NewTopic(name: $0, partitions: World.partitions, replicas: 1, configuration: [:]) })
            await admin.close()
            try await body(Broker(settings: settings, kind: "one broker of Apache Kafka on this machine"))
        }
    }

    /// A partition of the mock keeps 5 MiB: what is sent here stays below that in each.
    private static func withMock(_ body: (Broker) async throws -> Void) async throws {
        let cluster = try MockCluster(brokers: 1, topics: topics.map { ($0, World.partitions) })
        defer { cluster.close() }
        try await body(
            Broker(
                settings: KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "bench"),
                kind: "librdkafka's mock broker in this process"))
    }
}
