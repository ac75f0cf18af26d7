import HTTP
import Postgres
import Runtime
import Support
import Testing

@testable import Operator

/// The system under test: the real binaries as processes over a broker, a private storage database and one monitored
/// server, with a webhook receiver on loopback. Made anew for each test and gone after it.
struct World: Sendable {
    let stack: Stack
    /// A real Kafka, where the test runs over one.
    let kafka: RealKafka?
    let monitored: Monitored
    let inbox: WebhookInbox
    let api: APIClient

    /// Starts everything, runs `body` and stops everything, whatever happened.
    ///
    /// - Parameters:
    ///   - broker: the development broker unless another is given.
    ///   - change: the last word on the system's options.
    static func with(
        _ broker: Broker = .mock, monitored given: Monitored? = nil,
        change: (inout StackOptions) -> Void = { _ in }, _ body: (World) async throws -> Void
    ) async throws {
        let logger = Logger(service: "test", level: .error)
        let monitored: Monitored
        if let given { monitored = given } else { monitored = try await Monitored.start() }
        do {
            let inbox = try WebhookInbox(logger: logger, metrics: MetricRegistry())
            try await broker.with { kafka in
                var options = StackOptions()
                options.bootstrapServers = kafka?.bootstrapServers
                options.kafkaProperties = kafka?.properties ?? [:]
                options.servers = [monitored.target]
                options.interval = "1s"
                options.webhookURL = inbox.url
                options.apiPort = 0
                // However busy the machine, nothing is read more seldom.
                options.settings["collector"] = ["collector.cost_allowance": "60s"]
                change(&options)
                let stack = try await Stack.start(options, logger: logger) { _ in }
                do {
                    let admin = try #require(stack.admin)
                    let api = try await APIClient.login(
                        stack.apiURL, name: admin.name, password: admin.password, logger: logger)
                    try await body(World(stack: stack, kafka: kafka, monitored: monitored, inbox: inbox, api: api))
                    await stack.stop()
                } catch {
                    stack.showLogs()
                    await stack.stop()
                    throw error
                }
            }
            await inbox.stop()
            if given == nil { await monitored.stop() }
        } catch {
            if given == nil { await monitored.stop() }
            throw error
        }
    }

    /// Runs a query on the storage database as its owner and returns the first cell as a number.
    func stored(_ sql: String) async throws -> Int64 {
        try await Self.number(sql, PostgresSettings(url: stack.storageURL))
    }

    static func number(_ sql: String, _ settings: PostgresSettings) async throws -> Int64 {
        var connection = try await PostgresConnection.open(settings, timeout: .seconds(10))
        let result = try await connection.query(sql)
        guard result.rowCount > 0 else { return 0 }
        return try result.int(0, 0) ?? 0
    }

    /// Waits until the writer has stored at least `count` cycles of the monitored server from now on: what was counted
    /// before this was called has been read when it returns.
    func cycles(_ count: Int64 = 2) async throws {
        let sql = "SELECT count(*) FROM api.cycle WHERE instance = '\(monitored.target.id)' AND up = 1"
        let before = try await stored(sql)
        try await waitFor("\(count) more cycles to be stored", within: .seconds(60)) {
            try await stored(sql) >= before + count ? true : nil
        }
    }
}

extension Stack {
    /// The end of each process's log, for a test that has failed.
    func showLogs() {
        for name in ["broker"] + Self.services {
            let text = readText(folder.log(name), last: 3000)
            if !text.isEmpty { print("---- \(name)\n\(text)") }
        }
    }
}

extension World {
    /// What kcat needs to reach the broker.
    var kcatArguments: [String] {
        ["-b", stack.bootstrapServers] + stack.options.kafkaProperties.flatMap { ["-X", "\($0.key)=\($0.value)"] }
    }

    /// Kills the broker that leads the partition of the monitored server's samples.
    func killLeader() async throws {
        let partition = try await kcat([
            "-C", "-t", "pganalytics.samples", "-o", "beginning", "-e", "-q", "-c", "1", "-f", "%p",
        ])
        let metadata = try await kcat(["-L", "-t", "pganalytics.samples"])
        let line = try #require(metadata.split(separator: "\n").first { $0.contains("partition \(partition),") })
        let leader = try #require(line.firstMatch(of: #/leader (\d+)/#)?.1)
        try await #require(kafka).killBroker(try #require(Int(leader)))
    }

    private func kcat(_ arguments: [String]) async throws -> String {
        let result = try await ChildProcess.run(executable: "kcat", arguments: kcatArguments + arguments)
        guard result.status.isSuccess else { throw StackError("kcat \(arguments): \(result.error)") }
        return result.output
    }
}
