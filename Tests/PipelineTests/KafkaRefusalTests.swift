import Kafka
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// A real Kafka that lets us in only with the right secret: what `pganalytics topics check` and a service say without it.
    @Suite(.serialized, .enabled(if: RealKafka.isFound, Comment(rawValue: RealKafka.whereLooked)))
    struct KafkaRefusalTests {
        private static let secret = "canary-91b7e3d4"

        @Test func `A wrong SASL password is one clear line`() async throws {
            try await RealKafka.with(security: .sasl) { kafka in
                let properties = kafka.properties.merging(["sasl.password": Self.secret]) { $1 }
                try await Self.expect(
                    kafka, properties, says: ["refused the sign-in by PLAIN", "check sasl.username and sasl.password"])
            }
        }

        @Test func `An absent and a stranger's client certificate are one clear line`() async throws {
            try await RealKafka.with(security: .mtls) { kafka in
                var properties = kafka.properties
                properties["ssl.certificate.location"] = nil
                properties["ssl.key.location"] = nil
                let says = ["certificate", "ssl.certificate.location and ssl.key.location"]
                try await Self.expect(kafka, properties, says: says)
                try await withFolder { folder in
                    let (key, certificate) = ("\(folder)/stranger.key", "\(folder)/stranger.pem")
                    let made = try await ChildProcess.run(
                        executable: "openssl",
                        arguments: [
                            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                            "1",
                            "-subj", "/CN=stranger", "-keyout", key, "-out", certificate,
                        ])
                    #expect(made.status.isSuccess, "\(made.error)")
                    properties["ssl.certificate.location"] = certificate
                    properties["ssl.key.location"] = key
                    try await Self.expect(kafka, properties, says: says)
                }
            }
        }

        @Test(
            .enabled(
                if: KafkaSettings.libraryVersion.compare("2.6.1") == .older,
                "librdkafka from 2.6.1 on signs in by SCRAM to Kafka 4"))
        func `SCRAM that fails for the age of librdkafka blames librdkafka`() async throws {
            try await RealKafka.with(security: .scram) { kafka in
                try await Self.expect(
                    kafka, kafka.properties,
                    says: ["refused SCRAM-SHA-512", "librdkafka \(KafkaSettings.libraryVersion)", "2.6.1 or newer"])
            }
        }

        /// Runs `topics check`, a collector and a writer with `properties` and holds what they say against `says`.
        private static func expect(_ kafka: RealKafka, _ properties: [String: String], says: [String]) async throws {
            let place = kafka.bootstrapServers
            var arguments = ["--set", "kafka.bootstrap_servers=\(place)"]
            for (name, value) in properties.sorted(by: { $0.key < $1.key }) where name != "sasl.password" {
                arguments += ["--set", "kafka.librdkafka.\(name)=\(value)"]
            }
            try await withFolder { folder in
                // The password where a person would put it: a file that its owner alone may read.
                let settings =
                    properties["sasl.password"].map { "[kafka.librdkafka]\n\"sasl.password\" = \"\($0)\"\n" } ?? ""
                let (file, collectorFile) = ("\(folder)/settings.toml", "\(folder)/collector.toml")
                try writePrivately(settings, to: file)
                try writePrivately(
                    settings + "[[server]]\nid = \"none\"\nhost = \"127.0.0.1\"\nport = 1\n", to: collectorFile)

                let topics = try #require(Installation.topics())
                let check = try await ChildProcess.run(
                    executable: Installation.binary("pganalytics"),
                    arguments: ["topics", "check", "--wait", "3", "--topics", topics, "--config", file] + arguments,
                    timeout: .seconds(60))
                #expect(check.status == .exited(1))
                expectOneLine(check.error, by: "topics check", ["pganalytics topics: "] + says + [place])

                let own = ["--set", "collector.state_directory=\(folder)/collector", "--config", collectorFile]
                try await expectLine("collector", arguments + own, folder, says + [place])
                let database = "database.url=postgresql://nobody@127.0.0.1:1/none"
                try await expectLine(
                    "writer", arguments + ["--set", database, "--config", file], folder, says + [place])
            }
        }

        /// Runs a service until it has said all of that, and a moment longer.
        private static func expectLine(
            _ service: String, _ arguments: [String], _ folder: String, _ says: [String]
        ) async throws {
            let log = "\(folder)/\(service).log"
            let child = try ChildProcess.spawn(
                executable: Installation.binary("pganalytics-\(service)"),
                arguments: arguments + ["--set", "health.port=0"], stdout: .file(log), stderr: .file(log),
                processGroup: true, parentDeathSignal: 15)
            _ = try? await waitFor("the line", within: .seconds(15)) {
                readText(log, last: 1 << 20).contains(says[0]) ? true : nil
            }
            try? await Task.sleep(for: .seconds(3))
            let text = readText(log, last: 1 << 20)
            // It goes on trying: Kafka may be put right without it.
            #expect(child.status == nil, "\(service): \(text)")
            _ = await child.stop(within: .seconds(20))
            expectOneLine(text, by: service, says)
            // Why is said; that no broker is there as well would be wrong.
            #expect(!text.contains("is Kafka running"), "\(service): \(text)")
        }

        private static func expectOneLine(_ text: String, by name: String, _ says: [String]) {
            let lines = text.split(separator: "\n").filter { line in says.allSatisfy { line.contains($0) } }
            // A writer has two clients, a consumer's and a producer's: each tells its own.
            let clients = Set(lines.map { $0.contains("kafka.group=") })
            #expect(lines.count == clients.count && !lines.isEmpty, "\(name) should say \(says): \(text)")
            #expect(!text.contains(secret) && !text.contains("test-only"), "\(name) says a password")
        }
    }
}

private enum VersionOrder { case older, same, newer }

extension String {
    /// Compares versions such as `2.0.2` number by number.
    fileprivate func compare(_ other: String) -> VersionOrder {
        let left = split(separator: ".").map { Int($0) ?? 0 }, right = other.split(separator: ".").map { Int($0) ?? 0 }
        if left.lexicographicallyPrecedes(right) { return .older }
        return left == right ? .same : .newer
    }
}
