import Kafka
import Runtime
import Synchronization
import Testing

/// The consumer loop over the mock cluster.
@Suite(.timeLimit(.minutes(3)))
struct KafkaConsumerTests {
    let zero = TopicPartition(topic: "events", partition: 0)
    let one = TopicPartition(topic: "events", partition: 1)

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

    @Test func `A record is handed over within milliseconds`() async throws {
        try await MockCluster.with { cluster in
            let sink = TestSink()
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("partitions") { !sink.assignments.isEmpty }
                try await withProducer(cluster.settings(["linger.ms": "0"])) { producer in
                    _ = await producer.send([record("warm")])
                    await eventually("the first") { sink.seen.count == 1 }
                    var delays: [Duration] = []
                    for index in 0..<20 {
                        let start = ContinuousClock.now
                        _ = await producer.send([record("\(index)")])
                        while sink.seen.count < index + 2 { try await Task.sleep(for: .milliseconds(1)) }
                        delays.append(.now - start)
                    }
                    // The median, for the machine is shared; fetch.wait.max.ms of 10 is in it.
                    #expect(delays.sorted()[10] < .milliseconds(100))
                }
            }
        }
    }

    @Test func `A batch that fails comes again, whole, and nothing behind it overtakes`() async throws {
        try await MockCluster.with(topics: [("events", 2)]) { cluster in
            let failures = Atomic<Int>(0)
            let sink = TestSink { _ in
                if failures.wrappingAdd(1, ordering: .relaxed).newValue <= 4 {
                    throw TestFailure("the database is away")
                }
                return [:]
            }
            let log = KafkaLog()
            let metrics = MetricRegistry()
            try await sendAll(cluster.settings(), (0..<100).map { record("\($0)", key: "\($0)") })
            try await withConsumer(cluster.settings(), batchLimit: 30, sink: sink, log: log, metrics: metrics) { loop in
                await eventually("it fails") { loop.notReady?.contains("the database is away") == true }
                try await sendAll(cluster.settings(), (100..<200).map { record("\($0)", key: "\($0)") })
                await eventually("all records") { sink.seen.count >= 200 }
                await eventually("ready") { loop.notReady == nil }
            }
            #expect(Set(sink.values).count == 200)
            #expect(sink.seen.count == 200)
            for partition in [zero, one] {
                let offsets = sink.seen.filter { $0.partition == partition }.map(\.offset)
                #expect(offsets == Array(0..<Int64(offsets.count)))
            }
            // A line when it begins and one when it is over, none for each try.
            #expect(log.lines.filter { $0.contains("Consumer has to wait") }.count == 1)
            #expect(log.lines.filter { $0.contains("Consumer goes on") }.count == 1)
            #expect(metrics.render().contains("kafka_consumer_paused{group=\"group\"} 0"))
        }
    }

    @Test func `Idle work goes on while batches fail`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("x")])
            let sink = TestSink(process: { _ in throw TestFailure("away") })
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("a failure") { sink.state.withLock { $0.attempts } > 0 }
                let (idles, attempts) = (sink.idles, sink.state.withLock { $0.attempts })
                await eventually("idle work") { sink.idles >= idles + 10 }
                await eventually("more tries") { sink.state.withLock { $0.attempts } >= attempts + 3 }
            }
        }
    }

    @Test func `Idle work that fails stops nothing`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("x")])
            let log = KafkaLog()
            let sink = TestSink(idle: { throw TestFailure("not now") })
            try await withConsumer(cluster.settings(), sink: sink, log: log) { _ in
                await eventually("the record") { sink.values == ["x"] }
            }
            #expect(log.lines.filter { $0.contains("not now") }.count == 1)
        }
    }

    /// Longer than max.poll.interval.ms without a poll and librdkafka leaves the group.
    @Test func `A sink that takes its time stays in the group`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("slow")])
            let isSlow = Atomic<Bool>(true)
            let sink = TestSink { _ in
                if isSlow.exchange(false, ordering: .relaxed) { try await Task.sleep(for: .seconds(11)) }
                return [:]
            }
            let settings = cluster.settings(["max.poll.interval.ms": "7000", "session.timeout.ms": "6000"])
            try await withConsumer(settings, sink: sink) { _ in
                await eventually("the slow one", within: .seconds(30)) { sink.seen.count == 1 }
                try await sendAll(cluster.settings(), [record("quick")])
                await eventually("the next one") { sink.values == ["slow", "quick"] }
            }
            #expect(sink.assignments.count == 1)
        }
    }

    @Test func `A partition that is held waits, and the others go on`() async throws {
        try await MockCluster.with(topics: [("events", 2)]) { cluster in
            let log = KafkaLog()
            let partition = zero
            let sink = TestSink { records in
                guard let first = records.first(where: { $0.partition == partition && $0.value == "new" }) else {
                    return [:]
                }
                return [partition: .held(at: first.offset, reason: "version 9")]
            }
            let metrics = MetricRegistry()
            try await withConsumer(cluster.settings(), sink: sink, log: log, metrics: metrics) { _ in
                try await sendAll(cluster.settings(), [record("old", partition: 0), record("new", partition: 0)])
                await eventually("held") { log.contains("Partition is held") }
                try await sendAll(
                    cluster.settings(), (0..<20).map { record("\($0)", partition: Int32($0 % 2)) })
                await eventually("the other one") { sink.seen.filter { $0.partition.partition == 1 }.count == 10 }
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(sink.seen.filter { $0.partition.partition == 0 }.map(\.value) == ["old"])
            #expect(sink.state.withLock { $0.stored[partition] } == 1)
            #expect(log.lines.filter { $0.contains("Partition is held") }.count == 1)
            #expect(metrics.render().contains("kafka_consumer_held_partitions{group=\"group\"} 1"))

            // A newer version finds it where it was held.
            let newer = TestSink(stored: sink.state.withLock { $0.stored })
            try await withConsumer(cluster.settings(), sink: newer) { _ in
                await eventually("the rest") { newer.seen.count == 11 }
            }
            #expect(newer.seen.first?.value == "new")
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

    @Test func `Records gone while they were waited for are told as a gap`() async throws {
        try await MockCluster.with { cluster in
            let isAway = Atomic<Bool>(true)
            let sink = TestSink { _ in
                if isAway.load(ordering: .relaxed) { throw TestFailure("away") }
                return [:]
            }
            try await sendAll(cluster.settings(), [record("first")])
            try await withConsumer(cluster.settings(), batchLimit: 1, sink: sink) { _ in
                await eventually("it waits") { sink.state.withLock { $0.attempts } > 0 }
                for _ in 0..<3 { try await sendAll(cluster.settings(["compression.codec": "none"]), large(8)) }
                isAway.store(false, ordering: .relaxed)
                await eventually("the end") { sink.seen.last?.offset == 24 }
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

    @Test func `A fatal error ends the loop and is thrown`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("x")])
            let sink = TestSink(process: { _ in throw FatalError("cannot go on") })
            await #expect(throws: FatalError.self) {
                try await withConsumer(cluster.settings(), sink: sink) { loop in
                    await eventually("the end") { loop.notReady?.contains("has ended") == true }
                }
            }
            #expect(sink.state.withLock { $0.attempts } == 1)
        }
    }

    @Test func `A shutdown finishes the batch in hand`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("x")])
            let isIn = Atomic<Bool>(false)
            let sink = TestSink { _ in
                isIn.store(true, ordering: .relaxed)
                try await Task.sleep(for: .milliseconds(500))
                return [:]
            }
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("in the sink") { isIn.load(ordering: .relaxed) }
            }
            #expect(sink.values == ["x"])
        }
    }

    @Test func `A shutdown does not wait for a sink that fails for ever`() async throws {
        try await MockCluster.with { cluster in
            try await sendAll(cluster.settings(), [record("x")])
            let sink = TestSink(process: { _ in throw TestFailure("away") })
            let start = Mutex(ContinuousClock.now)
            try await withConsumer(cluster.settings(), sink: sink) { _ in
                await eventually("it fails") { sink.state.withLock { $0.attempts } > 2 }
                start.withLock { $0 = .now }
            }
            #expect(start.withLock { .now - $0 } < .seconds(5))
        }
    }

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

    private func large(_ count: Int) -> [ProducerRecord] {
        (0..<count).map { _ in
            ProducerRecord(topic: "events", key: [1], value: Array(repeating: 7, count: 900_000))
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
