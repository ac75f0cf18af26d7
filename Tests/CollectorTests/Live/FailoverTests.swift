import Codec
import Postgres
import Testing

@testable import Collector

/// A standby that takes over behind the address of its primary.
@Suite(.serialized, .enabled(if: LiveServer.script != nil, "the engines' script was not found (PGA_TEST_SHARED)"))
struct FailoverTests {
    @Test func `What a standby counted before it took over is not counted as of one interval`() async throws {
        let major = LiveServer.majors.contains("17") ? "17" : try #require(LiveServer.majors.last)
        let primary = try await LiveServer.start(major)
        var standby: LiveServer?
        var failure: (any Error)?
        do {
            try await primary.execute("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor; CREATE TABLE t (a int)")
            try await load(primary, 40)
            let other = try await primary.standby()
            standby = other
            try await check(primary, other)
        } catch {
            failure = error
        }
        await standby?.destroy()
        await primary.destroy()
        if let failure { throw failure }
    }

    private func load(_ server: LiveServer, _ times: Int) async throws {
        var connection = try await server.connect()
        for _ in 0..<times { _ = try await connection.query("SELECT count(*) FROM t") }
        connection.close()
    }

    private func check(_ primary: LiveServer, _ standby: LiveServer) async throws {
        try await load(standby, 60)
        let queryid = try await primary.numbers(
            "SELECT queryid FROM pg_stat_statements WHERE query = 'SELECT count(*) FROM t'")
        let files = CrashingFiles(seed: 1)
        var collector = LiveCollector(files: files)
        try collector.start([LiveCollector.server("one", port: primary.port)])
        try await collector.settle()
        // A standby that has only just started could be the primary after a restart with its clock set back.
        try await Task.sleep(for: .milliseconds(1_500))
        try await load(primary, 5)
        try await collector.settle()
        await collector.stop()

        collector = LiveCollector(files: files)
        try collector.start([LiveCollector.server("one", port: standby.port)])
        try await collector.settle()
        try await load(standby, 3)
        try await collector.settle()
        await collector.stop()
        var calls: [Int64] = []
        for table in try await collector.tables("statements") {
            for row in 0..<table.rowCount where table.integer("queryid", row) == queryid[0] {
                if let counted = table.integer("calls", row), counted > 0 { calls.append(counted) }
            }
        }
        #expect(calls.reduce(0, +) == 8, "\(calls)")
    }
}
