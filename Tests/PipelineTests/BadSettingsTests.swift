import Foundation
import Kafka
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// What a person gets wrong in a file: the binary says the place, what it found and what would do, and exits.
    @Suite(.serialized) struct BadSettingsTests {
        @Test(arguments: Stack.services)
        func `An unknown setting is named with its place and the nearest known one`(_ service: String) async throws {
            try await withFolder { folder in
                let file = "\(folder)/\(service).toml"
                try writePrivately("# Mistyped.\n[log]\n  levle = \"info\"\n", to: file)
                let result = try await run("pganalytics-\(service)", ["--config", file])
                #expect(result.status == .exited(2))
                let lines = result.error.split(separator: "\n").filter { $0.contains("levle") }
                #expect(lines.count == 1, "\(result.error)")
                for part in ["\(file):3:3", "log.levle", "log.level"] {
                    #expect(lines.allSatisfy { $0.contains(part) }, "\(lines)")
                }
            }
        }

        @Test func `A malformed rule is named with its place`() async throws {
            try await withFolder { folder in
                let file = "\(folder)/rules.yaml"
                let head = "groups:\n  - name: own\n    rules:\n      - alert: Bad\n"
                for (rule, place, reason) in [
                    ("        expr: pg_up ==\n", ":5:23: ", "expected a series, a number or '('"),
                    ("        expr: rate(pg_up[5m]) > 1\n", ":5:15: ", "rate"),
                    ("        expr: pg_up == 0\n        for: soon\n", ":6:14: ", "'soon'"),
                    ("        expr: pg_up == 0\n        fore: 10s\n", ":6:9: ", "fore"),
                    ("        expr: \"pg_up == 0\n", ":", "rules.yaml"),
                ] {
                    try writePrivately(head + rule, to: file)
                    let result = try await run("pganalytics", ["rules", "check", file])
                    #expect(result.status == .exited(1), "\(rule)")
                    let lines = result.error.split(separator: "\n")
                    #expect(lines.count == 1, "\(result.error)")
                    #expect(lines.allSatisfy { $0.hasPrefix("\(file)\(place)") && $0.contains(reason) }, "\(lines)")

                    let alerter = try await run(
                        "pganalytics-alerter", ["--set", "rules.file=\(file)", "--set", Self.noDatabase])
                    #expect(alerter.status == .exited(2), "\(rule)")
                    let said = alerter.error.split(separator: "\n")
                    #expect(said.count == 1, "\(alerter.error)")
                    #expect(said.allSatisfy { $0.contains("\(file)\(place)") && $0.contains(reason) }, "\(said)")
                }
                try writePrivately(head + "        expr: pg_up == 0\n", to: file)
                #expect(try await run("pganalytics", ["rules", "check", file]).status == .exited(0))
            }
        }

        @Test func `topics check names each topic that is missing or has fewer partitions`() async throws {
            try await withFolder { folder in
                // The broker is told of less than what is declared.
                let declared = try #require(Installation.topics()), less = "\(folder)/topics"
                // File by file: a copy of the folder would take its owners over, which only root may.
                try FileManager.default.createDirectory(atPath: less, withIntermediateDirectories: true)
                for name in try FileManager.default.contentsOfDirectory(atPath: declared) {
                    try Data(contentsOf: URL(fileURLWithPath: "\(declared)/\(name)"))
                        .write(to: URL(fileURLWithPath: "\(less)/\(name)"))
                }
                try FileManager.default.removeItem(atPath: "\(less)/deadletter.yaml")
                let alerts = try String(contentsOfFile: "\(less)/alerts.yaml", encoding: .utf8)
                let partitions = try #require(alerts.firstMatch(of: #/partitions: (\d+)/#)?.1)
                try alerts.replacing(#/partitions: \d+/#, with: "partitions: 2").write(
                    toFile: "\(less)/alerts.yaml", atomically: true, encoding: .utf8)
                let address = "\(folder)/address", log = "\(folder)/broker.log"
                let broker = try ChildProcess.spawn(
                    executable: Installation.binary("pganalytics"),
                    arguments: ["broker", "--topics", less, "--address-file", address],
                    stdout: .file(log), stderr: .file(log), processGroup: true, parentDeathSignal: 15)
                do {
                    let servers = try await waitFor("the broker's address", within: .seconds(15)) {
                        readText(address).isEmpty ? nil : readText(address)
                    }
                    let arguments = ["topics", "check", "--set", "kafka.bootstrap_servers=\(servers)", "--topics"]
                    let check = try await run("pganalytics", arguments + [declared])
                    #expect(check.status == .exited(1))
                    let lines = check.output.split(separator: "\n").filter { !$0.hasPrefix("note:") }
                    #expect(
                        lines.sorted()
                            == [
                                "pganalytics.alerts: fewer partitions: 2, declared \(partitions)",
                                lines.first { $0.hasPrefix("pganalytics.deadletter: topic missing") } ?? "none",
                            ], "\(check.output)\(check.error)")
                    #expect(try await run("pganalytics", arguments + [less]).status == .exited(0))
                } catch {
                    _ = await broker.stop(within: .seconds(5))
                    throw error
                }
                #expect(await broker.stop(within: .seconds(5)) == .exited(0))
            }
        }

        @Test func `A topic that is missing is named once, with the place and what to do`() async throws {
            let missing = "pganalytics.samples"
            let cluster = try MockCluster(brokers: 1, topics: [])
            defer { cluster.close() }
            try cluster.setTopicError(missing, .unknownTopic)
            try await withFolder { folder in
                let log = "\(folder)/writer.log"
                let bootstrap = "kafka.bootstrap_servers=\(cluster.bootstrapServers)"
                let writer = try ChildProcess.spawn(
                    executable: Installation.binary("pganalytics-writer"),
                    arguments: ["--set", bootstrap, "--set", Self.noDatabase, "--set", "health.port=0"],
                    environment: Stack.environment, stdout: .file(log), stderr: .file(log), processGroup: true,
                    parentDeathSignal: 15)
                func lines() -> [Substring] {
                    readText(log, last: 1 << 20).split(separator: "\n").filter { $0.contains(missing) }
                }
                _ = try? await waitFor("the line", within: .seconds(60)) { lines().isEmpty ? nil : true }
                try? await Task.sleep(for: .seconds(2))
                // It goes on trying: the topic may be made without it.
                #expect(writer.status == nil)
                _ = await writer.stop(within: .seconds(30))
                #expect(lines().count == 1, "\(readText(log, last: 1 << 20))")
                for part in ["does not exist at \(cluster.bootstrapServers)", "pganalytics topics apply"] {
                    #expect(lines().allSatisfy { $0.contains(part) }, "\(lines())")
                }
            }
        }

        /// Where nobody listens.
        private static let noDatabase = "database.url=postgresql://nobody@127.0.0.1:1/none"

        private func run(_ binary: String, _ arguments: [String]) async throws -> ChildProcess.Result {
            let environment = ProcessEnvironment.all.filter { !$0.key.hasPrefix("PGA_") }
            return try await ChildProcess.run(
                executable: Installation.binary(binary), arguments: arguments, environment: environment,
                timeout: .seconds(30))
        }
    }
}

/// Lends a temporary folder.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = try StackFolder(nil)
    defer { folder.removeIfOurs() }
    return try await body(folder.root)
}
