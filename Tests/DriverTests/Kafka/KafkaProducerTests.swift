import Runtime
import Synchronization
import Testing

@testable import Kafka

/// The producer over the mock cluster.
@Suite(.timeLimit(.minutes(2)))
struct KafkaProducerTests {
    @Test func `Records arrive as they were sent, tombstones and headers included`() async throws {
        try await MockCluster.with { cluster in
            var rich = record("one")
            rich.headers = [("a", [1, 2]), ("a", []), ("b", [0])]
            try await sendAll(
                cluster.settings(),
                [
                    rich, ProducerRecord(topic: "events", key: [7], value: nil),
                    ProducerRecord(topic: "events", key: [], value: []),
                ])
            let sink = HeaderSink()
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("three records") { sink.records.count == 3 }
            }
            let records = sink.records
            #expect(records[0].headers.map(\.name) == ["a", "a", "b"])
            #expect(records[0].headers.map(\.value) == [[1, 2], [], [0]])
            #expect(records[0].timestamp > 1_500_000_000_000)
            #expect(records[1].value == nil)
            #expect(records[1].key == [7])
            #expect(records[2].key == nil)
            #expect(records[2].value == [])
        }
    }

    /// Kafka's own test vectors of murmur2; the partition is its value without the sign, modulo the partitions.
    @Test func `Keys fall on the partitions that Java's clients choose`() async throws {
        try await MockCluster.with(topics: [("events", 7)]) { cluster in
            let hashes: [(String, Int32)] = [
                ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
                ("a-little-bit-longer-string", -1_486_304_829),
                ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ]
            try await sendAll(cluster.settings(), hashes.map { record("x", key: $0.0) })
            let sink = TestSink()
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("all records") { sink.seen.count == hashes.count }
            }
            for (key, hash) in hashes {
                #expect(sink.seen.first { $0.key == key }?.partition.partition == (hash & 0x7fff_ffff) % 7)
            }
        }
    }

    /// librdkafka #4628: with headers, a partition that does not exist made produceva free them twice.
    @Test func `A partition that does not exist fails the record and nothing else`() async throws {
        try await MockCluster.with { cluster in
            try await withProducer(cluster.settings()) { producer in
                var wrong = record("wrong", partition: 99)
                wrong.headers = [("name", [1, 2, 3])]
                for _ in 0..<3 {
                    let results = await producer.send([record("right"), wrong, record("right")])
                    #expect(results[0] == nil)
                    #expect(results[1]?.code.rawValue == "_UNKNOWN_PARTITION")
                    #expect(results[2] == nil)
                }
            }
        }
    }

    @Test func `A record that is too large fails alone and says what to raise`() async throws {
        try await MockCluster.with { cluster in
            try await withProducer(cluster.settings()) { producer in
                let large = ProducerRecord(topic: "events", key: [1], value: Array(repeating: 7, count: 2 << 20))
                let results = await producer.send([large, record("small")])
                #expect(results[0]?.code == .messageTooLarge)
                #expect(results[0]?.message.contains("max.message.bytes") == true)
                #expect(results[0]?.isRetriable == false)
                #expect(results[1] == nil)
            }
        }
    }

    @Test func `A producer sends what is as large as it was told, and it is read`() async throws {
        try await MockCluster.with { cluster in
            let large = ProducerRecord(topic: "events", key: [1], value: Array(repeating: 7, count: (2 << 20) - 100))
            let plain = ["compression.codec": "none"]
            try await withProducer(cluster.settings(plain), messageLimit: 2 << 20) { producer in
                #expect(producer.messageLimit == 2 << 20)
                #expect(await producer.send([large, record("small")]) == [nil, nil])
            }
            // What is set by hand counts.
            let less = cluster.settings(["message.max.bytes": "50000"])
            try await withProducer(less, messageLimit: 2 << 20) { producer in
                #expect(producer.messageLimit == 50_000)
                #expect(await producer.send([large]).first??.code == .messageTooLarge)
            }
            let sink = HeaderSink()
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("both records") { sink.records.count == 2 }
            }
            #expect(sink.records.first?.value == large.value)
        }
    }

    @Test func `A full queue makes the sender wait and loses nothing`() async throws {
        try await MockCluster.with { cluster in
            let settings = cluster.settings(["queue.buffering.max.messages": "10", "linger.ms": "1"])
            try await withProducer(settings) { producer in
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for task in 0..<4 {
                        group.addTask {
                            await producer.send((0..<500).map { record("\(task)/\($0)") }).compactMap { $0 }.count
                        }
                    }
                    for try await failures in group { #expect(failures == 0) }
                }
            }
            let sink = TestSink()
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("all records") { sink.seen.count == 2_000 }
            }
            #expect(Set(sink.values).count == 2_000)
        }
    }

    @Test func `A broker that goes away and comes back costs time and nothing else`() async throws {
        try await MockCluster.with { cluster in
            let log = KafkaLog()
            try await withProducer(cluster.settings(["reconnect.backoff.max.ms": "200"]), log: log) { producer in
                #expect(await producer.send([record("before")]) == [nil])
                try cluster.setBroker(1, up: false)
                async let waiting = producer.send([record("during")])
                await eventually("the error is known") { producer.lastError != nil }
                #expect(producer.lastError?.message.contains(cluster.bootstrapServers) == true)
                try cluster.setBroker(1, up: true)
                #expect(await waiting == [nil])
                #expect(producer.lastError == nil)
            }
            #expect(log.contains("Kafka answers again"))
        }
    }

    @Test func `An error goes away by itself when nothing is sent`() async throws {
        try await MockCluster.with { cluster in
            try await withProducer(cluster.settings(["reconnect.backoff.max.ms": "200"])) { producer in
                #expect(await producer.send([record("before")]) == [nil])
                try cluster.setBroker(1, up: false)
                await eventually("the error is known") { producer.lastError != nil }
                try cluster.setBroker(1, up: true)
                await eventually("the error is gone") { producer.lastError == nil }
            }
        }
    }

    @Test func `Without a broker a record fails in time, saying where and why`() async throws {
        let settings = KafkaSettings(
            bootstrapServers: "127.0.0.1:1", clientID: "test", properties: ["message.timeout.ms": "1000"])
        try await withProducer(settings) { producer in
            let start = ContinuousClock.now
            let error = try #require(await producer.send([record("x")])[0])
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(error.code == .messageTimedOut)
            #expect(error.isRetriable)
            #expect(error.message.contains("127.0.0.1:1"))
            #expect(await producer.clusterID(timeout: .milliseconds(100)) == nil)
        }
    }

    @Test func `Closing gives up what cannot be delivered, within its limit`() async throws {
        let settings = KafkaSettings(bootstrapServers: "127.0.0.1:1", clientID: "test")
        let producer = try KafkaProducer(settings, logger: KafkaLog().logger, metrics: MetricRegistry())
        async let waiting = producer.send([record("x"), record("y")])
        try await Task.sleep(for: .milliseconds(200))
        let start = ContinuousClock.now
        await producer.close(within: .milliseconds(300))
        #expect(ContinuousClock.now - start < .seconds(4))
        #expect(await waiting.allSatisfy { $0 != nil })
        #expect(await producer.send([record("late")])[0]?.code == .closed)
    }

    @Test func `A sender that meets a full queue while its producer closes keeps what was taken, and ends`()
        async throws
    {
        try await MockCluster.with { cluster in
            try cluster.setLatency(1, .milliseconds(300))
            let producer = try KafkaProducer(
                cluster.settings(["queue.buffering.max.messages": "10"]), logger: KafkaLog().logger,
                metrics: MetricRegistry())
            async let waiting = producer.send((0..<1_000).map { record("\($0)") })
            await eventually("it sends") { producer.core.table.outstanding == 1 }
            await producer.close(within: .seconds(20))
            let codes = await waiting.map { $0?.code }
            let taken = codes.prefix { $0 == nil }.count
            #expect(taken > 0)
            #expect(taken < 1_000)
            #expect(codes.dropFirst(taken).allSatisfy { $0 == .closed })
        }
    }

    /// An idempotent producer whose sequence is out of step can never send again (#4438).
    @Test func `A fatal error is told to every sender, and a new producer goes on`() async throws {
        try await MockCluster.with { cluster in
            try await withProducer(cluster.settings()) { producer in
                #expect(await producer.send([record("before")]) == [nil])
                producer.core.raiseFatalError("out of step")
                let error = try #require(await producer.send([record("after")])[0])
                #expect(error.isFatal)
                #expect(error.message.contains("out of step"))
                #expect(producer.lastError?.isFatal == true)
            }
            try await sendAll(cluster.settings(), [record("anew")])
        }
    }

    /// Without the right to write, librdkafka cannot get the identity of an idempotent producer, and gives up for good.
    @Test func `A fatal error says what to do about its cause`() async throws {
        try await MockCluster.with { cluster in
            try await withProducer(cluster.settings()) { producer in
                producer.core.raiseFatalError("no identity", isAuthorization: true)
                let error = try #require(await producer.send([record("x")])[0])
                #expect(error.isFatal && error.code == .fatal)
                for part in [
                    "CLUSTER_AUTHORIZATION_FAILED", "no identity", cluster.bootstrapServers, "ACL", "made anew",
                ] { #expect(error.message.contains(part), "\(error)") }
            }
        }
    }

    @Test func `A producer that is let go ends by itself`() async throws {
        try await MockCluster.with { cluster in
            var producer: KafkaProducer? = try KafkaProducer(
                cluster.settings(), logger: KafkaLog().logger, metrics: MetricRegistry())
            #expect(await producer?.send([record("x")]) == [nil])
            producer = nil
        }
    }

    @Test func `Request errors that pass are not noticed by the sender`() async throws {
        try await MockCluster.with { cluster in
            try cluster.pushErrors(
                .produce,
                [
                    KafkaError.Code(rawValue: "NOT_LEADER_FOR_PARTITION"), .transport,
                    KafkaError.Code(rawValue: "NOT_ENOUGH_REPLICAS"),
                ])
            try await sendAll(cluster.settings(["retry.backoff.ms": "50"]), [record("x")])
        }
    }

    /// The mock does not drop the copy that a real broker would: what reads a mock has to drop it itself.
    @Test func `A lost acknowledgement is sent again and reported once`() async throws {
        try await MockCluster.with { cluster in
            try cluster.loseAcknowledgement(1, delay: .milliseconds(2_500))
            let settings = cluster.settings(["socket.timeout.ms": "1000", "message.timeout.ms": "20000"])
            try await sendAll(settings, [record("x")])
            let sink = TestSink()
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("two copies") { sink.values == ["x", "x"] }
            }
        }
    }

    @Test func `A leader that moves is followed`() async throws {
        try await MockCluster.with(brokers: 3) { cluster in
            try await withProducer(cluster.settings(["retry.backoff.ms": "50"])) { producer in
                for broker in [1, 2, 3, 1] as [Int32] {
                    try cluster.setLeader(TopicPartition(topic: "events", partition: 0), broker)
                    #expect(await producer.send([record("\(broker)")]) == [nil])
                }
            }
        }
    }

    @Test func `What the mock cannot do it says`() async throws {
        try await MockCluster.with { cluster in
            #expect(throws: KafkaError.self) { try cluster.setBroker(9, up: false) }
            #expect(throws: KafkaError.self) { try cluster.pushErrors(.fetch, [KafkaError.Code(rawValue: "NONSENSE")]) }
            cluster.close()
            #expect(throws: KafkaError.self) { try cluster.setBroker(1, up: false) }
        }
    }
}

/// Copies whole records.
final class HeaderSink: RecordSink {
    private let copies = Mutex<[RecordBatch.Owned]>([])
    var records: [RecordBatch.Owned] { copies.withLock { $0 } }

    func assigned(_ partitions: [TopicPartition], clusterID: String) async throws -> [TopicPartition: Int64] { [:] }
    func process(_ batch: borrowing RecordBatch) async throws -> [TopicPartition: Disposition] {
        batch.forEach { record in
            let copy = RecordBatch.Owned(
                topic: record.topic, partition: record.partition, offset: record.offset, timestamp: record.timestamp,
                key: record.keyBytes(), value: record.valueBytes(), headers: record.headers)
            copies.withLock { $0.append(copy) }
        }
        return [:]
    }
    func revoked(_ partitions: [TopicPartition]) async {}
    func gap(_ partition: TopicPartition, from: Int64, to: Int64) async throws {}
    func idle() async throws {}
}
