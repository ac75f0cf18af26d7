import Codec
import Foundation
import Kafka
import Postgres
import Runtime

/// A broker, a storage and the real binaries, for the figures of the whole.
struct World {
    static let partitions = 24
    static let samples = Topics.samples.fullName()
    /// For the broker alone: nobody reads it.
    static let raw = "raw"

    let broker: Broker
    let storage: PrivatePostgres
    let producer: KafkaProducer
    private static let binaries: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path
    }()

    /// Starts everything, migrates, and stops everything after `body`.
    static func with(_ body: (World) async throws -> Void) async throws {
        try await Broker.with { broker in
            let storage = try await PrivatePostgres.start(
                configuration: ["shared_buffers": "512MB", "max_wal_size": "4GB", "log_min_messages": "fatal"])
            do {
                let producer = try KafkaProducer(
                    broker.settings, logger: Logger(service: "bench", level: .error),
                    metrics: MetricRegistry())
                let world = World(broker: broker, storage: storage, producer: producer)
                try await world.migrate()
                try await body(world)
                await producer.close(within: .seconds(5))
            } catch {
                await storage.stop()
                throw error
            }
            await storage.stop()
        }
    }

    /// Starts a service's own binary; it ends with us.
    func spawn(_ service: String, _ arguments: [String] = []) throws -> ChildProcess {
        let path = Self.binaries + "/pganalytics-" + service
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BenchmarkError("\(path) is not built: swift build -c release")
        }
        var environment = ProcessEnvironment.all
        environment["KAFKA_BOOTSTRAP_SERVERS"] = broker.settings.bootstrapServers
        environment["DATABASE_URL"] = storage.url()
        environment["PGA_HEALTH_PORT"] = "0"
        environment["PGA_LOG_LEVEL"] = "error"
        return try ChildProcess.spawn(
            executable: path, arguments: arguments, environment: environment, stdout: .inherit, stderr: .inherit,
            processGroup: true, parentDeathSignal: SIGKILL)
    }

    private func migrate() async throws {
        let status = await (try spawn("writer", ["migrate", "up"])).wait()
        guard status.isSuccess else { throw BenchmarkError("the writer's migration ended with \(status)") }
    }

    func send(_ records: [ProducerRecord]) async throws {
        for error in await producer.send(records) { if let error { throw error } }
    }

    func connection() async throws -> PostgresConnection {
        try await PostgresConnection.open(storage.settings(), timeout: .seconds(10))
    }

    /// How many messages of `samples` are committed.
    static func committed(_ connection: inout PostgresConnection) async throws -> Int {
        let result = try await connection.query(
            "SELECT coalesce(sum(next_offset), 0)::bigint FROM api.ingest WHERE topic = $1", [.text(samples)])
        return Int(try result.int(0, 0) ?? 0)
    }

    /// Waits until so many are; fails when nothing moves for a minute.
    static func until(_ count: Int, _ connection: inout PostgresConnection) async throws {
        var last = -1
        var patience = ContinuousClock.now + .seconds(60)
        while true {
            let now = try await committed(&connection)
            if now >= count { return }
            if now != last { (last, patience) = (now, .now + .seconds(60)) }
            guard ContinuousClock.now < patience else {
                throw BenchmarkError("\(now) of \(count) messages were committed, and then none for a minute")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// Why a figure cannot be had.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
