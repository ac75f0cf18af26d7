import Kafka
import Runtime
import Support
import Synchronization
import Testing

/// The driver over a real Apache Kafka. One at a time: each starts brokers.
@Suite(.serialized, .enabled(if: RealKafka.isFound, Comment(rawValue: RealKafka.whereLooked)), .timeLimit(.minutes(5)))
struct RealKafkaTests {
    private func makeTopic(
        _ settings: KafkaSettings, partitions: Int = 1, replicas: Int = 1, configuration: [String: String] = [:]
    ) async throws {
        try await withAdmin(settings) { admin in
            try await admin.create([
                NewTopic(name: "events", partitions: partitions, replicas: replicas, configuration: configuration)
            ])
        }
    }

    /// Sends, reads back, and reads on from the stored offset.
    private func roundTrip(_ settings: KafkaSettings) async throws {
        try await makeTopic(settings)
        try await sendAll(settings, (0..<100).map { record("\($0)") })
        let sink = TestSink()
        try await withConsumer(settings, sink: sink) { loop in
            await eventually("all records") { sink.seen.count == 100 }
            await eventually("ready") { loop.notReady == nil }
        }
        #expect(sink.values == (0..<100).map { "\($0)" })
        try await sendAll(settings, [record("later")])
        let again = TestSink(stored: sink.state.withLock { $0.stored })
        try await withConsumer(settings, sink: again) { _ in
            await eventually("the later one") { again.values == ["later"] }
        }
    }

    @Test func `Plain: there and back, admin, gaps, an end that lies before us, a topic that is not there`()
        async throws
    {
        try await RealKafka.with { kafka in
            let settings = kafka.settings()
            try await roundTrip(settings)

            try await withAdmin(settings) { admin in
                let cluster = try await admin.cluster()
                #expect(cluster.brokers == [1])
                #expect(!cluster.id.isEmpty)
                #expect(
                    try await admin.describe(["events", "nothing"]) == [
                        TopicDescription(name: "events", partitions: 1, replicas: 1)
                    ])
                try await admin.grow("events", to: 3)
                #expect(try await admin.describe(["events"]).first?.partitions == 3)
                try await admin.replaceConfiguration(of: "events", with: ["retention.ms": "1000000"])
                try await admin.replaceConfiguration(
                    of: "events", with: ["cleanup.policy": "delete", "segment.bytes": "1048576"])
                let own = try await admin.configuration(of: ["events"])["events"]?.filter(\.isOwn) ?? []
                #expect(
                    Dictionary(own.map { ($0.name, $0.value) }) { $1 } == [
                        "cleanup.policy": "delete", "segment.bytes": "1048576",
                    ])
                let exists = await #expect(throws: KafkaError.self) {
                    try await admin.create([NewTopic(name: "events", partitions: 1, replicas: 1, configuration: [:])])
                }
                #expect(exists?.code == .topicExists)
                let wrong = await #expect(throws: KafkaError.self) {
                    try await admin.create([
                        NewTopic(name: "other", partitions: 1, replicas: 1, configuration: ["nonsense": "1"])
                    ])
                }
                #expect(wrong?.message.contains("other") == true)
            }

            let beyond = TestSink(stored: [TopicPartition(topic: "events", partition: 0): 100_000])
            let error = await #expect(throws: KafkaError.self) {
                try await withConsumer(settings, group: "beyond", sink: beyond) { loop in
                    await eventually("the end") { loop.notReady?.contains("has ended") == true }
                }
            }
            #expect(error?.code == .offsetBeyondEnd)

            try await withProducer(settings) { producer in
                let missing = await producer.send([record("x", topic: "missing")])[0]
                #expect(missing?.code == .unknownTopic)
                #expect(missing?.message.contains("missing") == true)
            }

            // A topic that is made later is found without a restart.
            let late = TestSink()
            let quick = kafka.settings(["topic.metadata.refresh.interval.ms": "1000"])
            try await withConsumer(quick, group: "late", topics: ["late"], sink: late) { loop in
                await eventually("it says so") { loop.notReady?.contains("topic late") == true }
                try await withAdmin(settings) { admin in
                    try await admin.create([NewTopic(name: "late", partitions: 1, replicas: 1, configuration: [:])])
                }
                try await sendAll(settings, [record("here", topic: "late")])
                await eventually("the record", within: .seconds(40)) { late.values == ["here"] }
                await eventually("ready") { loop.notReady == nil }
            }
        }
    }

    @Test func `Retention that overtakes a reader is a gap`() async throws {
        try await RealKafka.with(settings: [
            "log.retention.check.interval.ms": "500", "log.initial.task.delay.ms": "500",
        ]) { kafka in
            let settings = kafka.settings()
            try await makeTopic(
                settings,
                configuration: [
                    "retention.bytes": "1048576", "segment.bytes": "1048576", "file.delete.delay.ms": "100",
                ])
            let isAway = Atomic<Bool>(true)
            let sink = TestSink { _ in
                if isAway.load(ordering: .relaxed) { throw TestFailure("away") }
                return [:]
            }
            let block = (0..<300_000).map { _ in UInt8.random(in: 0...255) }
            try await sendAll(settings, [record("first")])
            try await withConsumer(
                kafka.settings(["queued.max.messages.kbytes": "300", "max.partition.fetch.bytes": "400000"]),
                batchLimit: 1,
                sink: sink
            ) { _ in
                await eventually("it waits") { sink.state.withLock { $0.attempts } > 0 }
                for _ in 0..<30 {
                    try await sendAll(settings, [ProducerRecord(topic: "events", key: [1], value: block)])
                }
                try await Task.sleep(for: .seconds(4))
                isAway.store(false, ordering: .relaxed)
                await eventually("the end", within: .seconds(40)) { sink.seen.last?.offset == 30 }
            }
            let gap = try #require(sink.gaps.first)
            #expect(sink.seen.contains { $0.offset == gap.to })
            #expect(!sink.seen.contains { $0.offset == gap.from })
            #expect(Set(sink.seen.map(\.offset)).count == sink.seen.count)
        }
    }

    @Test func `Three brokers, a leader killed: each record once, in order`() async throws {
        try await RealKafka.with(brokers: 3) { kafka in
            let settings = kafka.settings()
            try await makeTopic(settings, partitions: 3, replicas: 3)
            let sink = TestSink()
            try await withConsumer(settings, sink: sink) { _ in
                try await withProducer(settings) { producer in
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        group.addTask {
                            var failures = 0
                            for round in 0..<100 {
                                let results = await producer.send(
                                    (0..<100).map { record("\(round)/\($0)", partition: Int32($0 % 3)) })
                                failures += results.compactMap { $0 }.count
                                try await Task.sleep(for: .milliseconds(30))
                            }
                            return failures
                        }
                        try await Task.sleep(for: .seconds(1))
                        try await kafka.killBroker(2)
                        for try await failures in group { #expect(failures == 0) }
                    }
                }
                await eventually("all records", within: .seconds(60)) { sink.seen.count >= 10_000 }
            }
            #expect(sink.seen.count == 10_000)
            #expect(Set(sink.values).count == 10_000)
            for partition in 0..<3 as Range<Int32> {
                let offsets = sink.seen.filter { $0.partition.partition == partition }.map(\.offset)
                #expect(offsets == offsets.sorted())
            }
        }
    }

    @Test func `A pause of the whole cluster is sat out`() async throws {
        try await RealKafka.with { kafka in
            let settings = kafka.settings([
                "socket.timeout.ms": "3000", "request.timeout.ms": "2000", "session.timeout.ms": "30000",
            ])
            try await makeTopic(kafka.settings())
            let sink = TestSink()
            try await withConsumer(settings, sink: sink) { loop in
                try await sendAll(settings, [record("before")])
                await eventually("the first") { sink.values == ["before"] }
                try await kafka.pauseBroker(1)
                try await Task.sleep(for: .seconds(8))
                try await kafka.resumeBroker(1)
                try await sendAll(settings, [record("after")])
                await eventually("the second", within: .seconds(40)) { sink.values == ["before", "after"] }
                await eventually("ready") { loop.notReady == nil }
            }
        }
    }

    @Test func `Client certificates: let in with ours, refused without, and the message says which`() async throws {
        try await RealKafka.with(security: .mtls) { kafka in
            try await roundTrip(kafka.settings())

            var stranger = kafka.settings()
            stranger.properties["ssl.certificate.location"] = nil
            stranger.properties["ssl.key.location"] = nil
            let refused = try await refusal(stranger)
            #expect(refused.code == .ssl)
            #expect(refused.message.contains("ssl.certificate.location"))

            var distrustful = kafka.settings()
            distrustful.properties["ssl.ca.location"] = kafka.directory + "/tls/client.pem"
            let distrust = try await refusal(distrustful)
            #expect(distrust.code == .ssl)
            #expect(distrust.message.contains("ssl.ca.location"))
        }
    }

    @Test func `SASL over TLS: let in, and a wrong password is called one`() async throws {
        try await RealKafka.with(security: .sasl) { kafka in
            try await roundTrip(kafka.settings())
            let start = ContinuousClock.now
            let wrong = try await refusal(kafka.settings(["sasl.password": "wrong-password"]))
            #expect(wrong.code == .authentication)
            #expect(wrong.message.contains("check sasl.username and sasl.password"))
            #expect(!wrong.message.contains("wrong-password"))
            #expect(ContinuousClock.now - start < .seconds(10))

            // A consumer and a producer say the same.
            let settings = kafka.settings(["sasl.password": "wrong-password", "message.timeout.ms": "3000"])
            try await withProducer(settings) { producer in
                let error = await producer.send([record("x")])[0]
                #expect(error?.message.contains("check sasl.username") == true)
                #expect(producer.lastError?.code == .authentication)
            }
            try await withConsumer(settings, sink: TestSink()) { loop in
                await eventually("it says so") { loop.notReady?.contains("check sasl.username") == true }
            }
        }
    }

    @Test func `SCRAM works with Kafka 3`() async throws {
        try await RealKafka.with(version: "3.9", security: .scram) { kafka in
            try await roundTrip(kafka.settings())
        }
    }

    @Test func `SCRAM with Kafka 4 works from librdkafka 2 6 1 on, and before it the message names the cause`()
        async throws
    {
        try await RealKafka.with(version: "4.2", security: .scram) { kafka in
            let parts = KafkaSettings.libraryVersion.split(separator: ".").compactMap { Int($0) }
            if parts.lexicographicallyPrecedes([2, 6, 1]) {
                let error = try await refusal(kafka.settings())
                #expect(error.code == .authentication)
                #expect(error.message.contains("use librdkafka 2.6.1 or newer"))
                #expect(error.message.contains(KafkaSettings.libraryVersion))
            } else {
                try await roundTrip(kafka.settings())
            }
        }
    }

    @Test func `A principal without an ACL is told which`() async throws {
        try await RealKafka.with(
            security: .sasl,
            settings: ["authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer"]
        ) { kafka in
            try await makeTopic(kafka.settings())
            let settings = kafka.settings(["sasl.username": "writer"])
            try await withProducer(settings) { producer in
                let error = await producer.send([record("x")])[0]
                #expect(
                    error?.code == .topicAuthorization || error?.code.rawValue == "CLUSTER_AUTHORIZATION_FAILED"
                        || error?.isFatal == true)
                #expect(error?.message.contains("ACL") == true)
            }
            try await withConsumer(settings, sink: TestSink()) { loop in
                await eventually("it says so") { loop.notReady?.contains("ACL") == true }
            }
        }
    }

    /// The error of somebody who is not let in.
    private func refusal(_ settings: KafkaSettings) async throws -> KafkaError {
        try await withAdmin(settings, timeout: .seconds(8)) { admin in
            do {
                _ = try await admin.cluster()
            } catch let error as KafkaError { return error }
            throw TestFailure("it was let in")
        }
    }
}

/// An admin client, closed after the body.
func withAdmin<T>(
    _ settings: KafkaSettings, timeout: Duration = .seconds(20), _ body: (KafkaAdmin) async throws -> T
) async throws -> T {
    let admin = try KafkaAdmin(settings, logger: KafkaLog().logger, timeout: timeout)
    do {
        let value = try await body(admin)
        await admin.close()
        return value
    } catch {
        await admin.close()
        throw error
    }
}
