import Runtime
import Testing

@testable import Kafka

/// What needs neither a broker nor a clock.
struct KafkaValueTests {
    let settings = KafkaSettings(bootstrapServers: "kafka:9092", clientID: "test")

    @Test func `Waits double up to their limit and are shortened by half at most`() {
        var longest = Backoff(first: .milliseconds(100), limit: .seconds(10))
        #expect(
            (0..<9).map { _ in longest.next(random: 0) }
                == [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000].map { .milliseconds($0) })
        var shortest = Backoff(first: .milliseconds(100), limit: .seconds(10))
        #expect(shortest.next(random: 1) == .milliseconds(50))
        longest.reset()
        #expect(longest.next(random: 0) == .milliseconds(100))
    }

    @Test func `SCRAM refused with an old librdkafka names the cause and the remedy`() {
        let scram = KafkaSettings(
            bootstrapServers: "kafka:9092", clientID: "test",
            properties: ["security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512"])
        func text(_ version: Int32) -> String {
            KafkaError.explained(
                name: "_AUTHENTICATION", said: "invalid credentials", subject: "", settings: scram,
                libraryVersion: version
            ).message
        }
        #expect(text(0x0200_02ff).contains("librdkafka 2.0.2"))
        #expect(text(0x0200_02ff).contains("2.6.1 or newer"))
        #expect(!text(0x0206_01ff).contains("nonce"))
        #expect(text(0x0206_01ff).contains("sasl.password"))
    }

    @Test func `An error is one line that says where and what to do`() {
        func error(_ name: String, _ said: String) -> KafkaError {
            KafkaError.explained(
                name: name, said: said, subject: "topic x", settings: settings, libraryVersion: 0x0208_00ff)
        }
        let certificate = error(
            "_SSL", "ssl://kafka:9092: certificate verify failed:\n  broker certificate could not be verified")
        #expect(certificate.message.contains("ssl.ca.location"))
        #expect(!certificate.message.contains("\n"))
        #expect(error("_UNKNOWN_TOPIC", "").code == .unknownTopic)
        #expect(error("UNKNOWN_TOPIC_OR_PART", "").message.contains("topic x: the topic does not exist at kafka:9092"))
        var advised = settings
        advised.missingTopicRemedy = "call us"
        #expect(
            KafkaError.explained(
                name: "_UNKNOWN_TOPIC", said: "", subject: "", settings: advised, libraryVersion: 0x0208_00ff
            ).message.contains("; call us, "))
        #expect(error("_FATAL", "out of sequence").isFatal)
        #expect(!error("MSG_SIZE_TOO_LARGE", "too large").isRetriable)
        #expect(error("NOT_LEADER_FOR_PARTITION", "moved").isRetriable)
    }

    @Test func `A wrong property is named, and a secret is not repeated`() throws {
        func refused(_ name: String, _ value: String) -> String {
            do {
                _ = try KafkaProducer(
                    KafkaSettings(bootstrapServers: "kafka:9092", clientID: "test", properties: [name: value]),
                    logger: KafkaLog().logger, metrics: MetricRegistry())
                return "accepted"
            } catch { return error.message }
        }
        #expect(refused("lingerms", "20").contains("lingerms: there is no such property;"))
        // Whoever misspells the name of a secret has not asked for its value to be shown.
        #expect(!refused("sasl.passwd", "hunter2").contains("hunter2"))
        #expect(refused("acks", "many").contains("many"))
        #expect(!refused("ssl.key.password.x", "hunter2").contains("hunter2"))
    }

    @Test func `A batch lends its records in order and by partition`() {
        let batch = RecordBatch([
            .init(topic: "a", partition: 0, offset: 5, key: [1], value: [2, 3]),
            .init(topic: "a", partition: 1, offset: 9, key: nil, value: nil),
            .init(topic: "a", partition: 0, offset: 7, timestamp: 42, key: [], value: [], headers: [("h", [9])]),
        ])
        let zero = TopicPartition(topic: "a", partition: 0)
        let one = TopicPartition(topic: "a", partition: 1)
        #expect(batch.count == 3)
        #expect(batch.byteCount == 3)
        #expect(batch.partitions == [zero, one])
        #expect(batch.offsets(of: zero) == 5...7)
        #expect(batch.nextOffsets == [zero: 8, one: 10])
        var offsets: [Int64] = []
        batch.forEach { offsets.append($0.offset) }
        #expect(offsets == [5, 9, 7])
        offsets = []
        batch.forEach(in: zero) { offsets.append($0.offset) }
        #expect(offsets == [5, 7])
        batch.withRecord(at: 0) { record in
            #expect(record.value?.byteCount == 2)
            #expect(record.value?.unsafeLoad(fromByteOffset: 1, as: UInt8.self) == 3)
        }
        batch.withRecord(at: 1) { record in
            #expect(record.keyBytes() == nil)
            #expect(record.valueBytes() == nil)
        }
        batch.withRecord(at: 2) { record in
            #expect(record.valueBytes() == [])
            #expect(record.headers.map(\.name) == ["h"])
            #expect(record.timestamp == 42)
        }
    }

    @Test func `An error thrown while records are lent keeps its type`() {
        struct Stop: Error, Equatable {}
        let batch = RecordBatch([.init(topic: "a", partition: 0, offset: 0, key: nil, value: [1])])
        #expect(throws: Stop()) { try batch.forEach { _ throws(Stop) in throw Stop() } }
    }

    @Test func `Lines of one kind are written once an interval`() {
        let log = KafkaLog()
        let watch = ClientWatch(settings, logger: log.logger, interval: .seconds(60))
        for _ in 0..<100 { watch.log(level: 3, facility: "SESSTMOUT", text: "timed out") }
        #expect(log.lines.count == 1)
        watch.log(level: 3, facility: "OTHER", text: "something else")
        #expect(log.lines.count == 2)
    }

    @Test func `A result that comes too late is not waited for`() async {
        // The timer is cancelled when the result is there; that once counted as its end.
        for _ in 0..<500 { #expect(await within(.seconds(5)) { 1 } == 1) }
        let slow = await within(.milliseconds(20)) { () -> Int in
            try? await Task.sleep(for: .seconds(1))
            return 1
        }
        #expect(slow == nil)
    }
}
