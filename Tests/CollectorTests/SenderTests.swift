import Codec
import Kafka
import Runtime
import Support
import Testing

@testable import Collector

/// From the spool to librdkafka's mock cluster.
@Suite struct SenderTests {
    private static let (samples, statements) = ("pganalytics.samples", "pganalytics.statements")

    private static func cluster(partitions: Int) throws -> MockCluster {
        try MockCluster(brokers: 1, topics: [(samples, partitions), (statements, partitions)])
    }

    private static func spool() throws -> Spool {
        try Spool(
            files: CrashingFiles(seed: 1), limits: SpoolLimits(), logger: Logger(service: "collector") { _ in },
            metrics: MetricRegistry())
    }

    /// A table of `key` and the text of a statement, the n-th.
    private static func batch(_ key: String, _ number: Int) -> SpoolBatch {
        SpoolBatch(messages: [
            SpoolLogTests.message(key, number),
            SpoolMessage(
                topic: "statements", key: "q", type: "t", version: 1, time: 0, sequenced: false,
                payload: Array("\(number)".utf8)),
        ])
    }

    /// Sends for as long as the body runs.
    private static func sending(
        _ spool: Spool, _ settings: KafkaSettings, _ body: () async throws -> Void
    ) async throws {
        let sender = try Sender(
            spool: spool, settings: settings, prefix: "pganalytics.", collector: "c1",
            logger: Logger(service: "collector") { _ in }, metrics: MetricRegistry())
        let shutdown = Shutdown()
        let task = Task { await sender.run(shutdown) }
        var failure: (any Error)?
        do { try await body() } catch { failure = error }
        shutdown.request()
        await task.value
        if let failure { throw failure }
    }

    private static func settings(_ cluster: MockCluster) -> KafkaSettings {
        KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test")
    }

    private static func isDelivered(_ spool: Spool, within limit: Duration = .seconds(60)) async -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if await spool.read(from: spool.acknowledged(), limit: 1 << 20).0.isEmpty { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private static func positions(_ records: [TopicReader.Record]) throws -> [EnvelopePosition] {
        try records.map { record in
            let position = try #require(try Envelope(headers: record.headers, supported: 1).position)
            return EnvelopePosition(
                epoch: position.epoch, sequence: position.sequence, partition: record.partition)
        }
    }

    private struct EnvelopePosition: Equatable {
        var epoch: String
        var sequence: UInt64
        var partition: Int32
    }

    /// The statements' topic takes nothing until `allow` was called.
    private static func expectOthersGoOn(
        _ settings: KafkaSettings, _ reading: KafkaSettings, allow: () async throws -> Void
    ) async throws {
        let spool = try spool()
        let reader = TopicReader(
            bootstrapServers: reading.bootstrapServers, topics: [samples], properties: reading.properties)
        try await sending(spool, settings) {
            for number in 1...10 { await spool.store(batch("one", number)) }
            #expect(try positions(await reader.wait(for: 10)).map(\.sequence) == Array(1...10))
            // And those that come after it was found missing.
            for number in 11...20 { await spool.store(batch("one", number)) }
            #expect(try positions(await reader.wait(for: 20)).map(\.sequence) == Array(1...20))
            // The texts are still to be sent.
            let left = await spool.read(from: spool.acknowledged(), limit: 1 << 20).0
            #expect(left.count { $0.message.topic == "statements" } == 20)

            try await allow()
            let texts = TopicReader(
                bootstrapServers: reading.bootstrapServers, topics: [statements], properties: reading.properties)
            let arrived = await texts.wait(for: 20, within: .seconds(60))
            #expect(arrived.map { String(decoding: $0.value ?? [], as: UTF8.self) } == (1...20).map { "\($0)" })
            #expect(await isDelivered(spool))
            await texts.stop()
        }
        #expect(reader.records.count == 20)
        await reader.stop()
        await spool.close()
    }

    @Test func `A collector that starts while a topic is missing sends nothing of the others again`() async throws {
        let cluster = try Self.cluster(partitions: 4)
        try cluster.setTopicError(Self.statements, .unknownTopic)
        let settings = Self.settings(cluster)
        let reader = TopicReader(
            bootstrapServers: settings.bootstrapServers, topics: [Self.samples], properties: settings.properties)
        let files = CrashingFiles(seed: 1)
        for start in 0..<3 {
            let spool = try Spool(
                files: files, limits: SpoolLimits(), logger: Logger(service: "collector") { _ in },
                metrics: MetricRegistry())
            try await Self.sending(spool, settings) {
                for number in 1...5 { await spool.store(Self.batch("one", 5 * start + number)) }
                let arrived = await reader.wait(for: 5 * start + 5)
                #expect(arrived.count == 5 * start + 5)
            }
            await spool.close()
        }
        let sequences = try Self.positions(reader.records).map(\.sequence)
        #expect(sequences == Array(1...15))
        let spool = try Spool(
            files: files, limits: SpoolLimits(), logger: Logger(service: "collector") { _ in },
            metrics: MetricRegistry())
        let left = await spool.read(from: spool.acknowledged(), limit: 1 << 20).0
        #expect(left.count { $0.message.topic == "statements" } == 15)
        await spool.close()
        await reader.stop()
        cluster.close()
    }

    @Test func `A topic that is missing keeps no other one waiting, and loses nothing`() async throws {
        let cluster = try Self.cluster(partitions: 4)
        try cluster.setTopicError(Self.statements, .unknownTopic)
        try await Self.expectOthersGoOn(Self.settings(cluster), Self.settings(cluster)) {
            try cluster.setTopicError(Self.statements, nil)
        }
        cluster.close()
    }

    // The mock cluster names partitions beside the error of a forbidden topic, which Kafka does not: librdkafka 2.8 crashes.
    @Test(.enabled(if: RealKafka.isFound, "\(RealKafka.whereLooked)"))
    func `A topic that is forbidden keeps no other one waiting, and loses nothing`() async throws {
        let authorizer = [
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "true",
        ]
        try await RealKafka.with(security: .sasl, settings: authorizer) { kafka in
            let admin = try KafkaAdmin(
                kafka.settings(), logger: Logger(service: "test") { _ in }, timeout: .seconds(20))
            _ = try await admin.create(
                [Self.samples, Self.statements].map {
                    NewTopic(name: $0, partitions: 4, replicas: 1, configuration: [:])
                })
            await admin.close()
            // Whom a list does not name is refused.
            func acl(_ word: String, _ more: [String] = []) async throws {
                try await kafka.tool(
                    "kafka-acls.sh",
                    [word, "--topic", Self.statements, "--operation", "All", "--allow-principal", "User:writer"] + more)
            }
            try await acl("--add")
            try await Self.expectOthersGoOn(
                kafka.settings(["sasl.username": "collector"]), kafka.settings()
            ) { try await acl("--remove", ["--force"]) }
        }
    }

    @Test func `When a topic has grown, a new epoch begins there, and what was numbered before stays where it was`()
        async throws
    {
        let spool = try Self.spool()
        func partition(_ key: String, _ count: Int) -> Int32 {
            KafkaProducer.partition(of: Array(key.utf8), among: count)
        }
        // One that moves.
        let key = try #require((0..<1_000).map { "server-\($0)" }.first { partition($0, 4) != partition($0, 8) })
        for number in 1...3 { await spool.store(Self.batch(key, number)) }
        let small = try Self.cluster(partitions: 4)
        try await Self.sending(spool, Self.settings(small)) {
            #expect(await Self.isDelivered(spool))
        }
        for number in 4...5 { await spool.store(Self.batch(key, number)) }
        small.close()

        let grown = try Self.cluster(partitions: 8)
        let reader = TopicReader(bootstrapServers: grown.bootstrapServers, topics: [Self.samples])
        try await Self.sending(spool, Self.settings(grown)) {
            let old = try Self.positions(await reader.wait(for: 2))
            #expect(old.map(\.sequence) == [4, 5])
            #expect(old.allSatisfy { $0.partition == partition(key, 4) })
            for number in 6...7 { await spool.store(Self.batch(key, number)) }
            let all = try Self.positions(await reader.wait(for: 4))
            let new = all.filter { $0.epoch != old[0].epoch }
            #expect(new.map(\.sequence) == [1, 2] && new.allSatisfy { $0.partition == partition(key, 8) }, "\(all)")
            #expect(Set(new.map(\.epoch)).count == 1)
            #expect(await Self.isDelivered(spool))
        }
        await reader.stop()
        await spool.close()
        grown.close()
    }
}
