import Glibc
import Kafka
import Runtime
import Support
import Testing

@testable import Operator

/// The word against clusters: the mock, which makes no topics, and a real Kafka.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TopicsCommandTests {
    private func folder(_ topics: [String: String]) throws -> String {
        let path = "/tmp/topics-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        mkdir(path, 0o700)
        for (name, text) in topics {
            guard let file = fopen("\(path)/\(name).yaml", "w") else { throw RuntimeError(.system, "cannot write") }
            fputs(text, file)
            fclose(file)
        }
        return path
    }

    private func remove(_ path: String, _ names: [String]) {
        for name in names { unlink("\(path)/\(name).yaml") }
        rmdir(path)
    }

    private func declaration(partitions: Int, retention: String = "86400000") -> String {
        """
        description: Things.
        key: instance
        message: M
        version: 1
        producers: []
        consumers: []
        partitions: \(partitions)
        replicas: 3
        config:
          cleanup.policy: delete
          retention.ms: \(retention)
        """
    }

    private func topics(_ word: [String], _ folder: String, _ settings: KafkaSettings) async -> CInt {
        var arguments =
            word + ["--topics", folder, "--wait", "5", "--set", "kafka.bootstrap_servers=\(settings.bootstrapServers)"]
        for (name, value) in settings.properties { arguments += ["--set", "kafka.librdkafka.\(name)=\(value)"] }
        return await TopicsCommand.run(arguments)
    }

    @Test func `Against the mock: check works by metadata, apply cannot make topics`() async throws {
        let cluster = try MockCluster(brokers: 1, topics: [("pganalytics.a", 3), ("x.a", 1)])
        defer { cluster.close() }
        let settings = KafkaSettings(bootstrapServers: cluster.bootstrapServers, clientID: "test")
        let path = try folder(["a": declaration(partitions: 3)])
        defer { remove(path, ["a", "b"]) }
        #expect(await topics(["check"], path, settings) == 0)
        #expect(await topics(["apply"], path, settings) == 0)
        #expect(await topics(["check", "--prefix", "x."], path, settings) == 1)
        #expect(await topics(["check", "--prefix", "y."], path, settings) == 1)
        #expect(await topics(["apply", "--prefix", "y."], path, settings) == 1)
    }

    @Test func `Without a broker it waits, then says so`() async throws {
        let path = try folder(["a": declaration(partitions: 3)])
        defer { remove(path, ["a"]) }
        let settings = KafkaSettings(bootstrapServers: "127.0.0.1:1", clientID: "test")
        #expect(await topics(["check", "--wait", "0"], path, settings) == 1)
    }

    @Test(.enabled(if: RealKafka.isFound, Comment(rawValue: RealKafka.whereLooked)))
    func `Against a real Kafka: made, configured, grown only when asked`() async throws {
        try await RealKafka.with { kafka in
            let settings = kafka.settings()
            let path = try folder(["a": declaration(partitions: 2), "b": declaration(partitions: 2)])
            defer { remove(path, ["a", "b"]) }
            #expect(await topics(["check"], path, settings) == 1)
            #expect(await topics(["apply"], path, settings) == 0)
            #expect(await topics(["check"], path, settings) == 0)
            #expect(await topics(["apply"], path, settings) == 0)

            let admin = try KafkaAdmin(settings, logger: Logger(service: "test", level: .error))
            let made = try await admin.describe(["pganalytics.a", "pganalytics.b"])
            #expect(made.map(\.partitions) == [2, 2])
            #expect(made.map(\.replicas) == [1, 1])

            // Set by hand: a difference, and gone after apply.
            try await admin.replaceConfiguration(
                of: "pganalytics.a",
                with: ["cleanup.policy": "delete", "retention.ms": "86400000", "flush.ms": "1000"])
            #expect(await topics(["check"], path, settings) == 1)
            #expect(await topics(["apply"], path, settings) == 0)
            let own = try await admin.configuration(of: ["pganalytics.a"])["pganalytics.a"]?.filter(\.isOwn)
            #expect(Set(own?.map(\.name) ?? []) == ["cleanup.policy", "retention.ms"])

            let larger = try folder(["a": declaration(partitions: 4), "b": declaration(partitions: 4)])
            defer { remove(larger, ["a", "b"]) }
            #expect(await topics(["apply"], larger, settings) == 1)
            #expect(try await admin.describe(["pganalytics.a"]).first?.partitions == 2)
            #expect(await topics(["apply", "--grow"], larger, settings) == 0)
            #expect(await topics(["check"], larger, settings) == 0)
            // Never shrunk.
            #expect(await topics(["apply"], path, settings) == 0)
            #expect(try await admin.describe(["pganalytics.a", "pganalytics.b"]).map(\.partitions) == [4, 4])
            await admin.close()
        }
    }
}
