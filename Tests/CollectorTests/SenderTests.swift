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
    private static func sending(_ spool: Spool, to cluster: MockCluster, _ body: () async throws -> Void) async throws {
        let sender = try Sender(
            spool: spool, settings: KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test"),
            prefix: "pganalytics.", collector: "c1", logger: Logger(service: "collector") { _ in },
            metrics: MetricRegistry())
        let shutdown = Shutdown()
        let task = Task { await sender.run(shutdown) }
        var failure: (any Error)?
        do { try await body() } catch { failure = error }
        shutdown.request()
        await task.value
        if let failure { throw failure }
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

    @Test(arguments: [KafkaError.Code.unknownTopic, .topicAuthorization])
    func `A topic that is missing or forbidden keeps no other one waiting, and loses nothing`(
        error: KafkaError.Code
    ) async throws {
        let cluster = try Self.cluster(partitions: 4)
        let spool = try Self.spool()
        try cluster.setTopicError(Self.statements, error)
        let reader = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: [Self.samples])
        try await Self.sending(spool, to: cluster) {
            for number in 1...10 { await spool.store(Self.batch("one", number)) }
            #expect(try Self.positions(await reader.wait(for: 10)).map(\.sequence) == Array(1...10))
            // And those that come after it was found missing.
            for number in 11...20 { await spool.store(Self.batch("one", number)) }
            #expect(try Self.positions(await reader.wait(for: 20)).map(\.sequence) == Array(1...20))
            // The texts are still to be sent.
            let left = await spool.read(from: spool.acknowledged(), limit: 1 << 20).0
            #expect(left.count { $0.message.topic == "statements" } == 20)

            try cluster.setTopicError(Self.statements, nil)
            let texts = TopicReader(bootstrapServers: cluster.bootstrapServers, topics: [Self.statements])
            let arrived = await texts.wait(for: 20, within: .seconds(60))
            #expect(arrived.map { String(decoding: $0.value ?? [], as: UTF8.self) } == (1...20).map { "\($0)" })
            #expect(await Self.isDelivered(spool))
            await texts.stop()
        }
        #expect(reader.records.count == 20)
        await reader.stop()
        await spool.close()
        cluster.close()
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
        try await Self.sending(spool, to: small) {
            #expect(await Self.isDelivered(spool))
        }
        for number in 4...5 { await spool.store(Self.batch(key, number)) }
        small.close()

        let grown = try Self.cluster(partitions: 8)
        let reader = TopicReader(bootstrapServers: grown.bootstrapServers, topics: [Self.samples])
        try await Self.sending(spool, to: grown) {
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
