import Codec
import Runtime
import Synchronization
import Testing

@testable import Collector

/// A collector without Kafka: the real loop on real servers, its spool read by the test.
final class LiveCollector: Sendable {
    private struct State {
        var shutdown = Shutdown()
        var tasks: [Task<Void, Never>] = []
        var spool: Spool?
        var position = SpoolPosition(segment: 0, offset: 0)
        var messages: [SpooledMessage] = []
        var log: [String] = []
    }

    let files: any SpoolFileSystem
    private let state = Mutex(State())

    init(files: any SpoolFileSystem = CrashingFiles(seed: 1)) { self.files = files }

    static func server(_ id: String, port: Int, user: String = "monitor", interval: Duration = .milliseconds(200))
        -> ServerSettings
    {
        ServerSettings(
            id: id, host: "127.0.0.1", port: port, user: user, password: nil, database: "postgres", sslMode: nil,
            interval: interval, isLocal: false, statementTimeout: .seconds(5), textBytes: 64 << 20,
            maximalStatements: 50_000)
    }

    func start(_ servers: [ServerSettings]) throws {
        let logger = Logger(service: "collector", level: .debug) { line in self.state.withLock { $0.log.append(line) } }
        let metrics = MetricRegistry()
        let spool = try Spool(files: files, limits: SpoolLimits(), logger: logger, metrics: metrics)
        spool.forget(instancesBut: Set(servers.map(\.id)))
        let desk = StatementDesk()
        let progress = CollectorProgress(servers, metrics: metrics)
        let shutdown = Shutdown()
        let tasks = servers.map { server in
            Task {
                var loop = ServerLoop(
                    server, collector: "c", spool: spool, desk: desk, progress: progress, logger: logger,
                    // However busy the machine, nothing is asked more seldom.
                    clock: CollectorClock(), window: 0, allowance: 60_000_000)
                await loop.run(shutdown)
            }
        }
        state.withLock {
            $0.shutdown = shutdown
            $0.tasks = tasks
            $0.spool = spool
        }
    }

    /// Ends the loops; what was stored stays in the files.
    func stop() async {
        let (shutdown, tasks) = state.withLock { ($0.shutdown, $0.tasks) }
        shutdown.request()
        for task in tasks { await task.value }
        _ = await messages()
        state.withLock { $0.spool = nil }
    }

    var log: [String] { state.withLock { $0.log } }

    /// Everything that was stored so far.
    func messages() async -> [SpooledMessage] {
        while let spool = state.withLock({ $0.spool }) {
            let position = state.withLock { $0.position }
            let (new, next) = await spool.read(from: position, limit: 1 << 24)
            state.withLock {
                $0.messages += new
                $0.position = max($0.position, next)
            }
            if new.isEmpty { break }
        }
        return state.withLock { $0.messages }
    }

    func tables(_ family: String, _ instance: String? = nil) async throws -> [Table] {
        try await messages().filter { $0.message.topic == "samples" && (instance == nil || $0.message.key == instance) }
            .map { try Table.decode($0.message.payload) }.filter { $0.family == family }
    }

    func statements() async throws -> [Statement] {
        try await messages().filter { $0.message.topic == "statements" }.map {
            try Statement.decode($0.message.payload)
        }
    }

    /// Waits until something is so.
    func wait(
        _ what: String, atMost limit: Duration = .seconds(20), _ location: SourceLocation = #_sourceLocation,
        until condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("never: \(what); log: \(log.suffix(8))", sourceLocation: location)
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(30))
        }
    }

    /// Waits until everything that happened before is in a table of the family: two cycles that began later.
    func settle(_ family: String = "statements", _ instance: String? = nil) async throws {
        let before = try await tables(family, instance).count
        try await wait("two more tables of \(family)") { try await tables(family, instance).count >= before + 2 }
    }
}

extension Table {
    /// A row as text and numbers by column, for tests.
    func row(_ index: Int) -> [String: String] {
        var row: [String: String] = [:]
        for column in columns where !column.isNull(index) {
            switch column.values {
            case .strings: row[column.name] = column.string(index)
            case .integers: row[column.name] = column.integer(index).map { String($0) }
            case .doubles: row[column.name] = column.double(index).map { String($0) }
            }
        }
        return row
    }
}
