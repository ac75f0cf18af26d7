import Kafka
import Runtime
import Synchronization
import Testing

/// Where the consumer loop reads from, over the mock cluster.
@Suite(.timeLimit(.minutes(3)))
struct KafkaConsumerPositionTests {
    private let zero = TopicPartition(topic: "events", partition: 0)

    @Test func `Without a stored offset a partition is read from its beginning, in order`() async throws {
        try await MockCluster.with { cluster in
            let sent = (0..<3_000).map { "\($0)" }
            try await sendAll(cluster.settings(), sent.map { record($0) })
            let sink = TestSink()
            let metrics = MetricRegistry()
            try await withConsumer(cluster.settings(), sink: sink, metrics: metrics) { loop in
                #expect(loop.notReady != nil)
                await eventually("all records") { sink.seen.count == sent.count }
                await eventually("ready") { loop.notReady == nil }
            }
            #expect(sink.values == sent)
            #expect(sink.state.withLock { $0.clusters.first?.isEmpty } == false)
            #expect(sink.state.withLock { $0.revocations } == [[zero]])
            #expect(metrics.render().contains("kafka_consumer_records_total{group=\"group\"} 3000"))
        }
    }

    @Test func `Reading starts at the stored offset`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), (0..<10).map { record("\($0)") })
            let sink = TestSink(stored: [zero: 7])
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("the rest") { sink.seen.count >= 3 }
                try await sendAll(cluster.settings(), [record("10")])
                await eventually("what comes later") { sink.seen.count >= 4 }
            }
            #expect(sink.values == ["7", "8", "9", "10"])
        }
    }

    @Test func `A sink that was fenced reads again from where it is told`() async throws {
        try await MockCluster.with(topics: [("events", 2)]) { cluster in
            try await sendAll(cluster.settings(), (0..<10).map { record("\($0)", partition: Int32($0 % 2)) })
            let isFirst = Atomic<Bool>(true)
            let partition = zero
            let sink = TestSink { records in
                if records.contains(where: { $0.partition == partition && $0.offset == 4 }),
                    isFirst.exchange(false, ordering: .relaxed)
                {
                    return [partition: .rewind(to: 2)]
                }
                return [:]
            }
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("read again") {
                    sink.seen.filter { $0.partition == partition }.map(\.offset).suffix(3) == [2, 3, 4]
                }
                try await sendAll(cluster.settings(), [record("later", partition: 1)])
                await eventually("the other one goes on") { sink.values.contains("later") }
            }
            #expect(sink.seen.filter { $0.partition != partition }.map(\.offset) == [0, 1, 2, 3, 4, 5])
        }
    }

    @Test func `What is to be read anew gives nothing until it is, however long the brokers take`() async throws {
        try await MockCluster.with(topics: [("events", 2)]) { cluster in
            let partition = zero
            let handed = Mutex<[Int64]>([])
            let isFirst = Atomic<Bool>(true)
            let sink = TestSink { records in
                let offsets = records.filter { $0.partition == partition }.map(\.offset)
                handed.withLock { $0 += offsets }
                guard offsets.contains(4), isFirst.exchange(false, ordering: .relaxed) else { return [:] }
                // The repair asks for the offsets, and is told that nobody leads the partition.
                try cluster.pushErrors(.listOffsets, Array(repeating: .unknownTopic, count: 4))
                return [partition: .rewind(to: 2)]
            }
            try await withConsumer(cluster.settings(), sink: sink) { loop in
                await eventually("assigned") { !sink.assignments.isEmpty && loop.notReady == nil }
                try await sendAll(cluster.settings(), (0..<5).map { record("\($0)", partition: 0) })
                await eventually("fenced") { handed.withLock { $0.contains(4) } }
                try await sendAll(
                    cluster.settings(), (5..<9).map { record("\($0)", partition: 0) } + [record("other", partition: 1)])
                await eventually("the other one goes on") { sink.values.contains("other") }
                await eventually("all of it", within: .seconds(40)) { sink.values.contains("8") }
            }
            let after = handed.withLock { $0.drop { $0 != 4 }.dropFirst() }
            #expect(Array(after) == [2, 3, 4, 5, 6, 7, 8])
        }
    }

    /// The mock keeps 5 MiB of a partition and drops the oldest without a word.
    @Test func `Records gone before the start are told as a gap`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("first")])
            try await sendAll(cluster.settings(["compression.codec": "none"]), large(12))
            let sink = TestSink(stored: [zero: 0])
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("the end") { sink.seen.last?.offset == 12 }
            }
            let gap = try #require(sink.gaps.first)
            #expect(sink.gaps.count == 1)
            #expect(gap.from == 0)
            #expect(gap.to > 1)
            #expect(sink.seen.map(\.offset) == Array(gap.to...12))
        }
    }

    @Test(arguments: [0, 12])
    func `Records gone while they were waited for are told as a gap, whatever was gone before`(before: Int) async throws
    {
        try await MockCluster.with { cluster in
            let isAway = Atomic<Bool>(true)
            let sink = TestSink(stored: [zero: 0]) { _ in
                if isAway.load(ordering: .relaxed) { throw TestFailure("away") }
                return [:]
            }
            try await sendAll(cluster.settings(), [record("first")])
            try await sendAll(cluster.settings(["compression.codec": "none"]), large(before))
            try await withConsumer(cluster.settings(), batchLimit: 1, sink: sink) { _ in
                await eventually("it waits") { sink.state.withLock { $0.attempts } > 0 }
                for _ in 0..<3 { try await sendAll(cluster.settings(["compression.codec": "none"]), large(8)) }
                isAway.store(false, ordering: .relaxed)
                await eventually("the end") { sink.seen.last?.offset == Int64(before + 24) }
            }
            // What was read and what was told as gone is everything, once.
            var next: Int64 = 0
            var gaps = sink.gaps
            for offset in sink.seen.map(\.offset) {
                if offset != next {
                    let gap = try #require(gaps.first)
                    gaps.removeFirst()
                    #expect(gap.from == next)
                    #expect(gap.to == offset)
                }
                next = offset + 1
            }
            #expect(!sink.gaps.isEmpty)
            #expect(gaps.isEmpty)
        }
    }

    @Test func `A stored offset beyond the end is fatal and says that the topic was made anew`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("x")])
            let sink = TestSink(stored: [zero: 1_000])
            let error = await #expect(throws: KafkaError.self) {
                try await withConsumer(cluster.settings(), sink: sink) { loop in
                    await eventually("the end") { loop.notReady?.contains("has ended") == true }
                }
            }
            #expect(error?.code == .offsetBeyondEnd)
            #expect(error?.message.contains("events[0]") == true)
            #expect(error?.message.contains("made anew") == true)
            #expect(sink.seen.isEmpty)
        }
    }

    @Test func `Offsets that cannot be had are asked for again`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("x")])
            let tries = Atomic<Int>(0)
            let sink = TestSink(assigned: { _ in
                if tries.wrappingAdd(1, ordering: .relaxed).newValue < 4 { throw TestFailure("no database") }
            })
            try await withConsumer(cluster.settings(), sink: sink) { loop in
                await eventually("it says why") { loop.notReady?.contains("no database") == true }
                await eventually("the record") { sink.values == ["x"] }
                await eventually("ready") { loop.notReady == nil }
            }
        }
    }

    private func large(_ count: Int) -> [ProducerRecord] {
        (0..<count).map { _ in
            ProducerRecord(topic: "events", key: [1], value: Array(repeating: 7, count: 900_000))
        }
    }
}
