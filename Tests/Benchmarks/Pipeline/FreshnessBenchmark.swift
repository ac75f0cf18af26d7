import Codec
import Foundation
import Postgres
import Runtime

/// `pipeline.freshness_p99_ms`: from the moment at which a server's counters were read to the moment at which a query of the view
/// finds them, with the real collector on a server under load.
enum FreshnessBenchmark {
    private static let servers = ["fresh-0", "fresh-1"]

    static func run(_ report: Report, _ world: World) async throws {
        let monitored = try await PrivatePostgres.start(
            configuration: [
                "shared_preload_libraries": "pg_stat_statements", "fsync": "off", "log_min_messages": "fatal",
            ])
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("freshness-\(getpid())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        do {
            try await measure(report, world, monitored, directory)
        } catch {
            await monitored.stop()
            throw error
        }
        await monitored.stop()
    }

    private static func measure(
        _ report: Report, _ world: World, _ monitored: PrivatePostgres, _ directory: URL
    ) async throws {
        let load = try await load(monitored, directory)
        defer { load.kill(SIGKILL) }
        let writer = try world.spawn("writer")
        defer { writer.kill(SIGKILL) }
        let configuration = directory.appendingPathComponent("collector.toml")
        try settings(monitored, directory).write(to: configuration, atomically: true, encoding: .utf8)
        let collector = try world.spawn("collector", ["--config", configuration.path])
        defer { collector.kill(SIGKILL) }
        var connection = try await world.connection()
        // Whatever comes in the first seconds is the start of processes and of a consumer group.
        try await Task.sleep(for: .seconds(15))
        let ages = try await watch(&connection, for: .seconds(45))
        guard ages.count >= 20 else { throw BenchmarkError("only \(ages.count) cycles became visible") }
        let rate = try await connection.query(
            "SELECT count(*)::float8 / 45 FROM api.statements WHERE time > clock_timestamp() - interval '45 s'",
            timeout: .seconds(60))
        let perSecond = (try rate.double(0, 0) ?? 0) * 42
        let sorted = ages.sorted()
        func quantile(_ q: Double) -> Double { sorted[min(sorted.count - 1, Int(q * Double(sorted.count)))] * 1_000 }
        report.add(
            "pipeline.freshness_p99_ms", quantile(0.99), "ms",
            "first bar 1,000; server's clock at the read to the first query of api.statements that has it; \(ages.count) cycles at "
                + "\((perSecond / 1e3).formatted(1)) k samples/s of statements alone; median \(quantile(0.5).formatted(0)), "
                + "most \(quantile(1).formatted(0)); collector, \(world.broker.kind), writer, the load and the asking share the machine"
        )
    }

    /// The ages at which new cycles were first seen.
    private static func watch(_ connection: inout PostgresConnection, for time: Duration) async throws -> [Double] {
        var seen: [String: Int64] = [:]
        var ages: [Double] = []
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            for server in servers {
                let result = try await connection.query(
                    "SELECT DISTINCT time FROM api.statements WHERE instance = $1 AND time > $2",
                    [.text(server), .timestamp(seen[server] ?? WallClock.microseconds())])
                let now = WallClock.microseconds()
                for row in 0..<result.rowCount {
                    let time = try result.timestamp(row, 0) ?? 0
                    ages.append(Double(now - time) / 1e6)
                    seen[server] = max(seen[server] ?? 0, time)
                }
                if seen[server] == nil { seen[server] = now }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return ages
    }

    private static func load(_ monitored: PrivatePostgres, _ directory: URL) async throws -> ChildProcess {
        var connection = try await PostgresConnection.open(monitored.settings(), timeout: .seconds(10))
        var workload = Workload()
        try await connection.execute("CREATE EXTENSION pg_stat_statements", timeout: .seconds(10))
        try await connection.execute(workload.schema(), timeout: .seconds(300))
        let scripts = try workload.scripts(in: directory)
        return try ChildProcess.spawn(
            executable: try ChildProcess.find("pgbench"),
            arguments: ["-n", "-c", "4", "-M", "prepared", "-R", "60", "-T", "600"] + scripts + [monitored.url()],
            stdout: .null, stderr: .null, processGroup: true, parentDeathSignal: SIGKILL)
    }

    private static func settings(_ monitored: PrivatePostgres, _ directory: URL) -> String {
        """
        [collector]
        id = "bench"
        state_directory = "\(directory.path)/state"
        interval = "1s"

        """
            + servers.map { id in
                """
                [[server]]
                id = "\(id)"
                host = "127.0.0.1"
                port = \(monitored.port)
                user = "postgres"
                password = "\(monitored.password)"

                """
            }.joined()
    }
}
