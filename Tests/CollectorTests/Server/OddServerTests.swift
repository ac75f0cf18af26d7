import Codec
import Glibc
import Postgres
import Runtime
import Testing

@testable import Collector

/// What a server says is never a reason to end the process, nor to believe more than it said.
@Suite struct OddServerTests {
    private static let context = ReadingContext(
        server: LiveCollector.server("one", port: 1), collector: "c", facts: ServerFacts(), serverStart: 0,
        clock: CollectorClock())

    @Test func `A time at the end of all times has no age`() {
        #expect(Heartbeat.age(of: .min, at: 1_700_000_000_000_000) == 0)
        #expect(Heartbeat.age(of: .max, at: 1_700_000_000_000_000) == 0)
        #expect(Heartbeat.age(of: 5, at: 12) == 7)
    }

    @Test func `Lengths that no text has add up to a number all the same`() {
        let lengths: [Int64?] = [.max, .max, -5, nil, 7]
        #expect(lengths.reduce(0) { $0 + StatementTexts.length($1) } == 2 * Int64(Int32.max) + 7)
    }

    @Test func `Counters of the machine that went back are null and say why`() throws {
        let clock = CollectorClock()
        var delta = CounterDelta(
            columns: [
                "cpu_user", "cpu_system", "cpu_idle", "cpu_iowait", "cpu_irq", "cpu_steal", "swap_in", "swap_out",
                "context_switches",
            ].map { ReadingColumn(name: $0, kind: .counter) })
        delta.begin(ReadingHead(systemIdentifier: clock.boot, monotonic: clock.monotonic(), boot: clock.boot))
        _ = delta.row(RowKey(first: 0), since: 0, [0, 0, .max, 0, 0, 0, 0, 0, 0])
        _ = delta.end()
        var family = SystemFamily(instance: "one", recovered: [delta.full()])
        let gone = try #require(family.read(Self.context, wantsFull: true).tables.first)
        #expect(gone.quality(0) == .reset)
        #expect(gone.integer("cpu_idle", 0) == nil && gone.integer("cpus", 0) != nil)
        // And from there on it counts again.
        let next = try #require(family.read(Self.context, wantsFull: true).tables.first)
        #expect(next.quality(0) == .ok && next.integer("cpu_idle", 0) != nil)
    }

    @Test func `What a kernel does not count is not zero`() {
        let tick = Int64(1_000_000 / sysconf(CInt(_SC_CLK_TCK)))
        let old = SystemFamily.counted("cpu  1 2 3 4\nintr 5\n", ["intr": 5], ["pswpin": 6])
        let missing = missingValue
        #expect(old == [3 * tick, 3 * tick, 4 * tick, missing, missing, missing, 6, missing, missing])
        let new = SystemFamily.counted(
            "cpu  1 2 3 4 5 6 7 8 9 10\nctxt 11\n", ["ctxt": 11], ["pswpin": 12, "pswpout": 13])
        #expect(new == [3, 3, 4, 5, 13, 8].map { $0 * tick } + [12, 13, 11])
    }

    @Test func `A server that answers no ROLLBACK in time may still be at work for us`() async throws {
        let server = try StubbornServer()
        var settings = LiveCollector.server("one", port: server.port)
        settings.sslMode = "disable"
        settings.statementTimeout = .milliseconds(100)
        var connection = try await PostgresConnection.open(
            ServerSession.settings(settings), timeout: .seconds(10), logger: Logger(service: "collector") { _ in })
        let spool = try Spool(
            files: CrashingFiles(seed: 1), limits: SpoolLimits(), logger: Logger(service: "collector") { _ in },
            metrics: MetricRegistry())
        let desk = StatementDesk()
        defer { desk.stop() }
        var context = Self.context
        context.server = settings
        var families = ServerFamilies()
        var (report, tables, batch) = (CycleReport(), [Table](), SpoolBatch())
        var schedule = Schedule(interval: 10_000_000, id: "one", families: ["activity"])
        _ = try await families.read(
            ["activity"], &connection, &context, &report, &tables, &batch, schedule: &schedule, spool: spool,
            desk: desk)
        // By which the loop counts the connection as one of the two.
        #expect(!connection.isUsable && report.outcome.code == "timeout")
        server.stop()
    }
}
