import Foundation
import Glibc
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// `pganalytics up`, as a person runs it.
    @Suite struct EmbeddedTests {
        @Test(arguments: [SIGINT, SIGTERM])
        func `up says where to look, restarts what dies and leaves nothing behind`(_ signal: CInt) async throws {
            let output = "/tmp/pga-up-\(getpid())-\(signal).log"
            defer { unlink(output) }
            let up = try Self.up([], output)
            do {
                let text = try await Self.whereToLook(up, output)
                let api = try #require(text.firstMatch(of: #/API +(http:\S+)/swagger/#)).1
                let password = try #require(text.firstMatch(of: #/admin, password (\S+)/#)).1
                let logs = try #require(text.firstMatch(of: #/logs +(\S+)/logs/#)).1
                let writer = try #require(text.firstMatch(of: #/writer +ready, pid (\d+)/#)).1

                let logger = Logger(service: "test", level: .error)
                _ = try await APIClient.login(String(api), name: "admin", password: String(password), logger: logger)
                kill(try #require(Int32(writer)), SIGKILL)
                try await waitFor("the writer to be started again", within: .seconds(20)) {
                    readText(output, last: 8000).contains("writer ended") ? true : nil
                }

                let storage = try #require(
                    try await Self.processes().first { $0.parent == up.pid && $0.command == "postgres" })
                kill(storage.pid, SIGKILL)
                try await waitFor("the storage to be started again", within: .seconds(30)) {
                    readText(output, last: 8000).contains("storage ended") ? true : nil
                }
                try await waitFor("the API to answer from it", within: .seconds(30)) {
                    try? await APIClient.login(
                        String(api), name: "admin", password: String(password), logger: logger)
                }

                let children = try await Self.descendants(of: up.pid)
                #expect(children.count >= 7)
                up.kill(signal)
                let status = try #require(await up.wait(within: .seconds(60)))
                #expect(status == .exited(0))
                #expect(!FileManager.default.fileExists(atPath: String(logs)))
                try await waitFor("every process of it to be gone", within: .seconds(5)) {
                    children.allSatisfy { kill($0, 0) != 0 } ? true : nil
                }
            } catch {
                print(readText(output, last: 8000))
                _ = await up.stop(within: .seconds(30))
                throw error
            }
        }

        @Test func `A folder that is kept is used again, and its storage was shut down in order`() async throws {
            let place = FileManager.default.temporaryDirectory.appendingPathComponent("pga-kept-\(getpid())").path
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            defer { try? FileManager.default.removeItem(atPath: place) }
            for round in 1...2 {
                let output = "\(place)/up\(round).log"
                let up = try Self.up(["--directory", "state"], output, in: place)
                do {
                    _ = try await Self.whereToLook(up, output)
                    up.kill(SIGINT)
                    let status = try #require(await up.wait(within: .seconds(60)))
                    #expect(status == .exited(0))
                } catch {
                    print(readText(output, last: 8000))
                    _ = await up.stop(within: .seconds(30))
                    throw error
                }
                #expect(readText(output, last: 8000).contains("admin, password") == (round == 1))
            }
            let storage = readText("\(place)/state/storage/server.log", last: 100_000)
            #expect(storage.contains("database system is shut down"))
            #expect(!storage.contains("not properly shut down"))
        }

        @Test func `A development broker that dies ends it with one line, for what was on its topics is lost`()
            async throws
        {
            let output = "/tmp/pga-up-\(getpid())-broker.log"
            defer { unlink(output) }
            let up = try Self.up([], output)
            do {
                _ = try await Self.whereToLook(up, output)
                let children = try await Self.descendants(of: up.pid)
                // The services' names are longer.
                let broker = try #require(
                    try await Self.processes().first { $0.parent == up.pid && $0.command == "pganalytics" })
                kill(broker.pid, SIGKILL)
                #expect(await up.wait(within: .seconds(60)) == .exited(1))
                let lines = readText(output, last: 8000).split(separator: "\n").filter { $0.contains("broker ended") }
                #expect(lines.count == 1, "\(lines)")
                #expect(lines.first?.hasPrefix("pganalytics up: the development broker ended (signal 9)") == true)
                try await waitFor("every process of it to be gone", within: .seconds(5)) {
                    children.allSatisfy { kill($0, 0) != 0 } ? true : nil
                }
            } catch {
                print(readText(output, last: 8000))
                _ = await up.stop(within: .seconds(30))
                throw error
            }
        }

        @Test func `Why a service cannot start is said where up was started`() async throws {
            try await withFolder { folder in
                let file = "\(folder)/fleet.toml"
                try writePrivately("[[server]]\nid = \"a\"\nhots = \"127.0.0.1\"\n", to: file)
                let result = try await ChildProcess.run(
                    executable: Installation.binary("pganalytics"),
                    arguments: ["up", "--api-port", "0", "--servers", file], environment: Stack.environment)
                #expect(result.status == .exited(1))
                #expect(result.error.contains("collector ended (exit status 2) instead of starting"), "\(result.error)")
                let lines = result.error.split(separator: "\n").filter { $0.contains("\(file):3:1") }
                #expect(lines.count == 1 && lines[0].contains("hots"), "\(result.error)")
            }
        }

        @Test(.timeLimit(.minutes(10)))
        func `The demo's numbers agree, and what was planted is found and paged`() async throws {
            let result = try await ChildProcess.run(
                executable: Installation.binary("pganalytics"), arguments: ["up", "--demo", "--duration", "40"],
                environment: Stack.environment, timeout: .seconds(400))
            #expect(result.status == .exited(0), "\(result.output)\(result.error)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.contains("All numbers agree."))
            for alert in ["LockWait", "StatementBroken"] {
                for status in ["firing", "resolved"] {
                    let pages = lines.filter {
                        $0.hasPrefix("  \(status)") && $0.contains(" \(alert) \(Demo.server): ")
                    }
                    #expect(!pages.isEmpty, "\(alert) \(status)")
                }
            }
        }

        /// Starts `up` without what this environment says of brokers and databases.
        private static func up(
            _ arguments: [String], _ output: String, in place: String? = nil
        ) throws -> ChildProcess {
            try ChildProcess.spawn(
                executable: Installation.binary("pganalytics"), arguments: ["up", "--api-port", "0"] + arguments,
                environment: Stack.environment, workingDirectory: place, stdout: .file(output), stderr: .file(output),
                processGroup: true, parentDeathSignal: SIGTERM)
        }

        /// What it has written when everything runs.
        private static func whereToLook(_ up: ChildProcess, _ output: String) async throws -> String {
            try await waitFor("up to say where to look", within: .seconds(90)) {
                if up.status != nil { throw StackError("up ended: \(readText(output, last: 4000))") }
                let text = readText(output, last: 8000)
                return text.contains("stop it") ? text : nil
            }
        }

        private struct ProcessEntry {
            let pid: CInt
            let parent: CInt
            let command: String
        }

        private static func processes() async throws -> [ProcessEntry] {
            let result = try await ChildProcess.run(executable: "ps", arguments: ["-e", "-o", "pid=,ppid=,comm="])
            return result.output.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count >= 3, let pid = CInt(words[0]), let parent = CInt(words[1]) else { return nil }
                return ProcessEntry(pid: pid, parent: parent, command: String(words[2]))
            }
        }

        /// All processes below `pid`.
        private static func descendants(of pid: CInt) async throws -> [CInt] {
            let all = try await processes()
            var found: [CInt] = [], next = [pid]
            while let parent = next.popLast() {
                let children = all.filter { $0.parent == parent }.map(\.pid)
                found += children
                next += children
            }
            return found
        }
    }
}
