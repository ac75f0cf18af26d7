import Kafka
import Synchronization
import Testing

/// The consumer loop while brokers and members of its group come and go, over the mock cluster.
@Suite(.timeLimit(.minutes(3)))
struct KafkaConsumerFaultTests {
    private let zero = TopicPartition(topic: "events", partition: 0)
    private let one = TopicPartition(topic: "events", partition: 1)

    @Test func `Without a broker the loop waits, says so, and ends when told`() async throws {
        let settings = KafkaSettings(bootstrapServers: "127.0.0.1:1", clientID: "test")
        let sink = TestSink()
        try await withConsumer(settings, sink: sink) { loop in
            await eventually("it says so") { loop.notReady?.contains("127.0.0.1:1") == true }
            await eventually("idle work") { sink.idles > 3 }
        }
    }

    @Test func `A broker that goes away and comes back loses and doubles nothing`() async throws {
        try await MockCluster.with { cluster in
            let sink = TestSink()
            let settings = cluster.settings(["reconnect.backoff.max.ms": "300"])
            try await withConsumer(settings, sink: sink) { loop in
                try await sendAll(settings, (0..<100).map { record("\($0)") })
                await eventually("the first") { sink.seen.count == 100 }
                try cluster.setBroker(1, up: false)
                await eventually("it says so") { loop.notReady != nil }
                try await Task.sleep(for: .seconds(1))
                try cluster.setBroker(1, up: true)
                try await sendAll(settings, (100..<200).map { record("\($0)") })
                await eventually("the rest", within: .seconds(40)) { sink.seen.count >= 200 }
                await eventually("ready") { loop.notReady == nil }
            }
            #expect(sink.values == (0..<200).map { "\($0)" })
        }
    }

    /// librdkafka #2588: before 2.3.0 the usual question for a partition's offsets never ends while its leader is down.
    @Test func `A leader that is down when partitions are assigned is waited for, and a shutdown meanwhile is heard`()
        async throws
    {
        try await MockCluster.with(brokers: 2) { cluster in
            try await sendAll(cluster.settings(), [record("x")])
            // Whichever of the two is the group's coordinator: the partition's leader is the one that is down.
            for leader in [1, 2] as [Int32] {
                try cluster.setLeader(zero, leader)
                try cluster.setBroker(leader, up: false)
                let settings = cluster.settings(["reconnect.backoff.max.ms": "300"])
                let waiting = TestSink()
                let start = ContinuousClock.now
                try await withConsumer(settings, group: "a\(leader)", sink: waiting) { loop in
                    try await Task.sleep(for: .seconds(5))
                    #expect(loop.notReady != nil)
                    #expect(waiting.idles > 0)
                }
                #expect(ContinuousClock.now - start < .seconds(30))
                let sink = TestSink()
                try await withConsumer(settings, group: "b\(leader)", sink: sink) { _ in
                    try await Task.sleep(for: .seconds(5))
                    try cluster.setBroker(leader, up: true)
                    await eventually("the record", within: .seconds(40)) { sink.values == ["x"] }
                }
            }
        }
    }

    @Test func `Fetches that fail and leaders that move lose and double nothing`() async throws {
        try await MockCluster.with(brokers: 3, topics: [("events", 2)]) { cluster in
            let sink = TestSink()
            let settings = cluster.settings(["retry.backoff.ms": "50", "topic.metadata.refresh.interval.ms": "1000"])
            try await withConsumer(settings, sink: sink) { _ in
                try await withProducer(settings) { producer in
                    for round in 0..<6 {
                        if round % 2 == 0 {
                            try cluster.setLeader(zero, Int32(round % 3 + 1))
                        } else {
                            try cluster.pushErrors(
                                .fetch, [KafkaError.Code(rawValue: "NOT_LEADER_FOR_PARTITION"), .transport])
                        }
                        let errors = await producer.send(
                            (0..<50).map { record("\(round)/\($0)", partition: Int32($0 % 2)) })
                        #expect(errors.allSatisfy { $0 == nil })
                    }
                }
                await eventually("all records", within: .seconds(40)) { sink.seen.count >= 300 }
            }
            #expect(Set(sink.values).count == 300)
            for partition in [zero, one] {
                let offsets = sink.seen.filter { $0.partition == partition }.map(\.offset)
                #expect(offsets == Array(0..<Int64(offsets.count)))
            }
        }
    }

    @Test func `Members share the partitions, and the one that stays takes over from the stored offsets`() async throws
    {
        try await MockCluster.with(topics: [("events", 4)]) { cluster in
            let shared = SharingSink.Shared()
            let first = SharingSink(shared)
            let second = SharingSink(shared)
            func send(_ range: Range<Int>) async throws {
                try await sendAll(
                    cluster.settings(), range.map { record("\($0)", partition: Int32($0 % 4)) })
            }
            try await withConsumer(cluster.settings(), sink: first) { _ in
                try await send(0..<100)
                await eventually("the first reads all") { shared.values.count == 100 }
                try await withConsumer(cluster.settings(), sink: second) { _ in
                    await eventually("both have some", within: .seconds(40)) {
                        second.partitions.count == 2 && first.partitions.count == 2
                    }
                    try await send(100..<200)
                    await eventually("both read") { shared.values.count == 200 }
                }
                await eventually("the first has all again", within: .seconds(40)) { first.partitions.count == 4 }
                try await send(200..<300)
                await eventually("all records") { shared.values.count >= 300 }
            }
            #expect(shared.values.count == 300)
            #expect(Set(shared.values).count == 300)
        }
    }
}

/// Several of them keep their offsets and what they read in one place.
final class SharingSink: RecordSink {
    final class Shared: Sendable {
        let state = Mutex((offsets: [TopicPartition: Int64](), values: [String]()))
        var values: [String] { state.withLock { $0.values } }
    }

    private let shared: Shared
    private let mine = Mutex<[TopicPartition]>([])
    var partitions: [TopicPartition] { mine.withLock { $0 } }

    init(_ shared: Shared) { self.shared = shared }

    func assigned(_ partitions: [TopicPartition], clusterID: String) async throws -> [TopicPartition: Int64] {
        mine.withLock { $0 = partitions }
        return shared.state.withLock { $0.offsets.filter { partitions.contains($0.key) } }
    }

    func process(_ batch: borrowing RecordBatch) async throws -> [TopicPartition: Disposition] {
        var values: [String] = []
        batch.forEach { record in values.append(String(decoding: record.valueBytes() ?? [], as: UTF8.self)) }
        let (read, next) = (values, batch.nextOffsets)
        shared.state.withLock { state in
            state.values += read
            state.offsets.merge(next) { $1 }
        }
        return [:]
    }

    func revoked(_ partitions: [TopicPartition]) async { mine.withLock { $0 = [] } }
    func gap(_ partition: TopicPartition, from: Int64, to: Int64) async throws {}
    func idle() async throws {}
}
