import Glibc
public import Kafka
import Runtime

/// A real Apache Kafka on the loopback address, started by the `cluster` script of `../shared/kafka` (or `kafka`
/// in the folder that `PGA_TEST_SHARED` names) or of `KAFKA_HOME`.
public final class RealKafka: Sendable {
    /// How clients sign in.
    public enum Security: String, Sendable {
        case none, mtls, sasl, scram
    }

    /// Why no real Kafka can be used here, for `.enabled(if: RealKafka.isFound, RealKafka.whereLooked)`.
    public static var whereLooked: String {
        "no real Kafka: neither KAFKA_HOME, nor kafka in PGA_TEST_SHARED, nor ../shared/kafka beside the checkout holds the script `cluster`"
    }

    /// Whether a real Kafka was found; a test that finds it and cannot start it fails.
    public static var isFound: Bool { script != nil }

    private static let script: String? = {
        // Tests/Support/RealKafka.swift is two folders below the root of the checkout.
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let shared = ProcessEnvironment.all["PGA_TEST_SHARED"].map { $0 + "/kafka" }
        let homes = [ProcessEnvironment.all["KAFKA_HOME"], shared, root + "/../shared/kafka"].compactMap { $0 }
        return homes.map { $0 + "/cluster" }.first { access($0, X_OK) == 0 }
    }()

    /// `host:port,host:port`.
    public let bootstrapServers: String

    /// What a librdkafka client needs besides: protocol, CA, certificate, password.
    public let properties: [String: String]

    /// Where certificates and logs are.
    public let directory: String

    private init(bootstrapServers: String, properties: [String: String], directory: String) {
        self.bootstrapServers = bootstrapServers
        self.properties = properties
        self.directory = directory
    }

    /// Settings of a client that is let in.
    public func settings(clientID: String = "test", _ more: [String: String] = [:]) -> KafkaSettings {
        KafkaSettings(
            bootstrapServers: bootstrapServers, clientID: clientID, properties: properties.merging(more) { $1 })
    }

    /// Starts a cluster, lends it, and destroys it whatever happens.
    public static func with<T>(
        brokers: Int = 1, version: String = "4.2", security: Security = .none, settings: [String: String] = [:],
        _ body: (RealKafka) async throws -> T
    ) async throws -> T {
        let directory = "/tmp/kafka-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        do {
            let kafka = try await start(directory, brokers, version, security, settings)
            let value = try await body(kafka)
            await destroy(directory)
            return value
        } catch {
            await destroy(directory)
            throw error
        }
    }

    private static func start(
        _ directory: String, _ brokers: Int, _ version: String, _ security: Security, _ settings: [String: String]
    ) async throws -> RealKafka {
        var arguments = ["start", directory, "-n", String(brokers), "-v", version, "-s", security.rawValue]
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) { arguments += ["-c", "\(name)=\(value)"] }
        let output = try await output(of: arguments, directory)
        let servers = output.split(separator: "\n").last.map(String.init) ?? ""
        let text = try String(decoding: readFile(directory + "/client.properties"), as: UTF8.self)
        var properties: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            properties[String(line[..<sign])] = String(line[line.index(after: sign)...])
        }
        properties["bootstrap.servers"] = nil
        return RealKafka(bootstrapServers: servers, properties: properties, directory: directory)
    }

    /// What the script says when the cluster is up.
    ///
    /// Once in 64 starts its random cluster id begins with a hyphen, and Kafka takes it for an option; and a port that was
    /// free when it was drawn can be somebody's by now. Those are tried again, a few times.
    private static func output(of arguments: [String], _ directory: String) async throws -> String {
        for _ in 0..<4 {
            do {
                return try await run(arguments, timeout: .seconds(120))
            } catch let error as RealKafkaError
                where ["--cluster-id", "ended while starting"].contains(where: error.message.contains)
            {
                await destroy(directory)
            }
        }
        return try await run(arguments, timeout: .seconds(120))
    }

    /// Runs in a task of its own, so that a test that was cancelled leaves nothing behind either.
    private static func destroy(_ directory: String) async {
        await Task.detached {
            if access(directory, F_OK) == 0 { _ = try? await run(["destroy", directory], timeout: .seconds(60)) }
        }.value
    }

    private static func run(_ arguments: [String], timeout: Duration) async throws -> String {
        guard let script else { throw RealKafkaError(message: whereLooked) }
        let result = try await ChildProcess.run(executable: script, arguments: arguments, timeout: timeout)
        guard result.status.isSuccess else {
            throw RealKafkaError(
                message: "cluster \(arguments.joined(separator: " ")): \(result.status): \(result.error)")
        }
        return result.output
    }

    private static func readFile(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw RealKafkaError(message: "\(path) cannot be read") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        return bytes
    }

    /// Runs one of the distribution's own tools as the administrator: `kafka-acls.sh` and its arguments.
    public func tool(_ name: String, _ arguments: [String]) async throws {
        guard let script = Self.script else { throw RealKafkaError(message: Self.whereLooked) }
        let tool = script.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/bin/" + name
        let result = try await ChildProcess.run(
            executable: tool,
            arguments: ["--bootstrap-server", bootstrapServers, "--command-config", directory + "/admin.properties"]
                + arguments, timeout: .seconds(60))
        guard result.status.isSuccess else {
            throw RealKafkaError(
                message: "\(name) \(arguments.joined(separator: " ")): \(result.error)\(result.output)")
        }
    }

    /// SIGKILL.
    public func killBroker(_ id: Int) async throws { try await broker("kill-broker", id) }
    /// A clean stop.
    public func stopBroker(_ id: Int) async throws { try await broker("stop-broker", id) }
    /// Starts it again and waits until it answers.
    public func startBroker(_ id: Int) async throws { try await broker("start-broker", id) }
    /// SIGSTOP.
    public func pauseBroker(_ id: Int) async throws { try await broker("pause-broker", id) }
    /// SIGCONT.
    public func resumeBroker(_ id: Int) async throws { try await broker("resume-broker", id) }

    private func broker(_ word: String, _ id: Int) async throws {
        _ = try await Self.run([word, directory, String(id)], timeout: .seconds(120))
    }
}

/// Why a real Kafka could not be started or told something.
public struct RealKafkaError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
