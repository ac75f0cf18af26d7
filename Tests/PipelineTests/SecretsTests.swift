import Foundation
import Postgres
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// A secret in a statement is seen by nobody: not on a topic, not in a table, not in a log, not on the collector's disk.
    @Suite struct SecretsTests {
        private static let canary = "canary-7f3a9c51"

        @Test(arguments: Broker.mockAndReal)
        func `A password in a statement reaches no topic, table, log or spool`(_ broker: Broker) async throws {
            try await World.with(broker) { world in
                try await world.cycles()
                let monitored = world.monitored
                try await monitored.execute("CREATE ROLE planted PASSWORD '\(Self.canary)-role'")
                try await monitored.execute("ALTER ROLE planted PASSWORD '\(Self.canary)-alter'")
                try await monitored.execute("CREATE TABLE planted (line text)")
                try await monitored.execute("COPY planted FROM PROGRAM 'echo \(Self.canary)-program'")
                await #expect(throws: PostgresError.self) {
                    try await monitored.execute("SELECT '\(Self.canary)-failing'::integer")
                }
                await #expect(throws: PostgresError.self) {
                    try await monitored.execute("SELECT no_such_function('\(Self.canary)-unknown')")
                }
                // A text is read at most once a minute; a name that the API shows has been read.
                try await waitFor("the text of COPY … FROM PROGRAM to be stored", within: .seconds(120)) {
                    try await world.stored(
                        "SELECT count(*) FROM api.statement_texts WHERE text ILIKE '%copy planted from%'") > 0
                        ? true : nil
                }
                try await world.cycles()

                let topics = try await world.everythingOnTheTopics()
                #expect(topics.count > 10_000)  // there was something to search
                #expect(!topics.contains(Self.canary))
                let dump = try await ChildProcess.run(
                    executable: monitored.postgres.installation.binaries + "/pg_dump",
                    arguments: [world.stack.storageURL])
                #expect(dump.status.isSuccess && dump.output.contains("planted"))
                #expect(!dump.output.contains(Self.canary))
                // A spool that is in use replaces files while they are read.
                world.stack.supervisor.kill("collector", again: false)
                try await waitFor("the collector to be gone", within: .seconds(10)) {
                    world.stack.supervisor.pid(of: "collector") == nil ? true : nil
                }
                let storageLog = try #require(world.stack.storage).directory + "/server.log"
                let grep = try await ChildProcess.run(
                    executable: "grep",
                    arguments: ["-r", "-l", "-a", "-F", Self.canary, world.stack.folder.root, storageLog])
                #expect(grep.output == "" && grep.status == .exited(1), "\(grep.output)\(grep.error)")
            }
        }
    }
}

extension World {
    /// All that is on the broker's topics, as kcat reads it: keys, headers and payloads.
    func everythingOnTheTopics() async throws -> String {
        var all = ""
        for topic in ["samples", "statements", "collectors", "findings", "alerts", "deadletter"] {
            let result = try await ChildProcess.run(
                executable: "kcat",
                arguments: kcatArguments + [
                    "-C", "-t", "pganalytics.\(topic)", "-o", "beginning", "-e", "-q", "-f", "%k %h %s\n",
                ])
            #expect(result.status.isSuccess, "\(result.error)")
            all += result.output
        }
        return all
    }
}
