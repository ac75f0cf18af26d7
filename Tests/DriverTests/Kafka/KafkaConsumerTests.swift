import Kafka
import Runtime
import Synchronization
import Testing

/// The consumer loop and its sink, over the mock cluster.
@Suite(.timeLimit(.minutes(3)))
struct KafkaConsumerTests {
    private let zero = TopicPartition(topic: "events", partition: 0)
    private let one = TopicPartition(topic: "events", partition: 1)

    @Test func `A record is handed over as soon as it is there`() async throws {
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
                    // The median, and a second, for the machine is shared: nothing waits for a time-out.
                    #expect(delays.sorted()[10] < .seconds(1))
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

    @Test func `What was held is read again when it is assigned anew, whoever had it meanwhile`() async throws {
        try await MockCluster.with(topics: [("events", 2)]) { cluster in
            let isNew = Atomic<Bool>(false)
            let held = [zero, one]
            let sink = TestSink(stored: [zero: 0, one: 0]) { _ in
                if isNew.load(ordering: .relaxed) { return [:] }
                return Dictionary(uniqueKeysWithValues: held.map { ($0, .held(at: 0, reason: "version 9")) })
            }
            let metrics = MetricRegistry()
            func gauge(_ count: Int) -> Bool {
                metrics.render().contains("kafka_consumer_held_partitions{group=\"group\"} \(count)\n")
            }
            try await sendAll(cluster.settings(), [record("a", partition: 0), record("b", partition: 1)])
            try await withConsumer(cluster.settings(), sink: sink, metrics: metrics) { _ in
                await eventually("both are held") { gauge(2) }
                isNew.store(true, ordering: .relaxed)
                try await withConsumer(cluster.settings(), sink: TestSink()) { _ in
                    await eventually("the one it kept is read", within: .seconds(40)) { !sink.seen.isEmpty }
                }
                await eventually("and the one it got back", within: .seconds(40)) { Set(sink.values) == ["a", "b"] }
                await eventually("nothing is held") { gauge(0) }
            }
        }
    }

    @Test func `A failure ends with the partitions that it was of`() async throws {
        try await MockCluster.with(topics: [("events", 2)]) { cluster in
            let sink = TestSink { _ in throw TestFailure("the database is away") }
            try await sendAll(cluster.settings(), [record("a", partition: 0), record("b", partition: 1)])
            try await withConsumer(cluster.settings(), sink: sink) { loop in
                await eventually("it fails") { loop.notReady?.contains("the database is away") == true }
                // Whichever it keeps, there is nothing to do any more.
                sink.state.withLock { $0.stored = [zero: 1, one: 1] }
                try await withConsumer(cluster.settings(), sink: TestSink()) { _ in
                    await eventually("ready", within: .seconds(40)) { loop.notReady == nil }
                }
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
}
