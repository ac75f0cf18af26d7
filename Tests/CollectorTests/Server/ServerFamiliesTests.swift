import Runtime
import Testing

@testable import Collector

/// What is remembered of a server across cycles that cannot read it.
@Suite struct ServerFamiliesTests {
    @Test func `A server that cannot be read after a start keeps the names of its statements`() async throws {
        let spool = try Spool(
            files: CrashingFiles(seed: 1), limits: SpoolLimits(), logger: Logger(service: "collector") { _ in },
            metrics: MetricRegistry())
        var names = StatementNames()
        for number in 0..<Int64(1_500) { names.learn(number, "name \(number)") }
        let state = StateName.names("one")
        await spool.store(
            SpoolBatch(states: [SpoolState(name: state, kind: .full, records: [names.full()])]))

        let server = LiveCollector.server("one", port: 1)
        let desk = StatementDesk()
        defer { desk.stop() }
        var families = await ServerFamilies(recoveredFrom: spool, server, desk)
        var batch = SpoolBatch()
        await families.take([], &batch, spool: spool, instance: "one")
        #expect(batch.states.isEmpty)
        await spool.store(batch)
        let kept = StatementNames(records: try #require(await spool.recover(state)))
        #expect(kept.count == 1_500)
    }
}
