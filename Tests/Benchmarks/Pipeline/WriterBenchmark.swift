import Codec
import Foundation
import Postgres
import Runtime

/// `writer.samples_per_s`: a topic that is full already, to committed rows; beside PostgreSQL's own COPY of the same rows.
enum WriterBenchmark {
    static func run(_ report: Report, _ world: World, _ messages: Messages) async throws {
        let fleet = messages.fleet("full", instances: 48, cycles: 12)
        let samples = fleet.reduce(0) { $0 + $1.table.sampleCount }
        let rows = fleet.reduce(0) { $0 + $1.table.rowCount }
        try await world.send(fleet.map { messages.record($0.table, $0.sequence) })
        var connection = try await world.connection()
        let writer = try world.spawn("writer")
        defer { writer.kill(SIGKILL) }
        // From the first commit on: what comes before it is the start of a process and of a consumer group.
        try await World.until(1, &connection)
        let first = try await World.committed(&connection)
        let clock = ContinuousClock()
        let begin = clock.now
        let before = CPU.seconds(of: writer.pid)
        try await World.until(fleet.count, &connection)
        let seconds = (clock.now - begin).seconds
        let cpu = CPU.seconds(of: writer.pid) - before
        let share = Double(fleet.count - first) / Double(fleet.count)
        try await check(rows, &connection)
        _ = await writer.stop(within: .seconds(10))
        let copy = try await rawCopy(&connection)
        let rate = Double(samples) * share / seconds
        let limit = Double(samples) / copy
        report.add(
            "writer.samples_per_s", rate, "samples/s",
            "first bar 1 M; \(fleet.count) tables, \(rows) rows, \(World.partitions) partitions, \(world.broker.kind); "
                + "\((100 * rate / limit).formatted(0)) % of the server's own COPY BINARY of the same rows into the same table, "
                + "\((limit / 1e6).formatted(1)) M; the writer's CPU \((1e9 * cpu / (Double(samples) * share)).formatted(0)) ns a sample"
        )
    }

    private static func check(_ rows: Int, _ connection: inout PostgresConnection) async throws {
        let result = try await connection.query("SELECT count(*) FROM api.statements", timeout: .seconds(120))
        let stored = Int(try result.int(0, 0) ?? 0)
        guard stored == rows else { throw BenchmarkError("\(stored) rows were stored where \(rows) were sent") }
    }

    /// Seconds that the server takes to COPY the rows, from a file of its own, into an empty table with the same index.
    private static func rawCopy(_ connection: inout PostgresConnection) async throws -> Double {
        let directory = try await connection.query("SHOW data_directory")
        let file = PostgresConnection.quoted(literal: (try directory.text(0, 0) ?? "") + "/bench.copy")
        try await connection.execute(
            """
            CREATE TABLE public.raw (LIKE metrics.statements INCLUDING ALL);
            CREATE INDEX ON public.raw (instance, "time");
            COPY (SELECT * FROM metrics.statements) TO \(file) (FORMAT binary);
            CHECKPOINT;
            """, timeout: .seconds(300))
        let clock = ContinuousClock()
        let begin = clock.now
        try await connection.execute("COPY public.raw FROM \(file) (FORMAT binary)", timeout: .seconds(300))
        let seconds = (clock.now - begin).seconds
        try await connection.execute("DROP TABLE public.raw")
        return seconds
    }
}
