import Codec
import Testing

@testable import Collector

/// Servers that leave a collector's settings and come back.
@Suite(.serialized, .enabled(if: LiveServer.script != nil, "the engines' script was not found (PGA_TEST_SHARED)"))
struct RemovedServerTests {
    @Test func `A server that was taken out and comes back begins with a first reading`() async throws {
        let major = try #require(LiveServer.majors.last)
        let server = try await LiveServer.start(major)
        do {
            try await check(server)
        } catch {
            await server.destroy()
            throw error
        }
        await server.destroy()
    }

    private func check(_ server: LiveServer) async throws {
        try await server.execute("CREATE ROLE monitor LOGIN SUPERUSER")
        let (one, two) = (
            LiveCollector.server("one", port: server.port), LiveCollector.server("two", port: server.port)
        )
        let files = CrashingFiles(seed: 1)
        var collector = LiveCollector(files: files)
        try collector.start([one, two])
        for id in ["one", "two"] { try await collector.settle("database", id) }
        await collector.stop()
        let sent = try await collector.tables("database", "one")

        collector = LiveCollector(files: files)
        try collector.start([two])
        try await collector.settle("database", "two")
        await collector.stop()
        let said = collector.log.filter { $0.contains("Forgot the readings") }
        #expect(said.count == 1 && said[0].contains("one"), "\(said)")
        // What was not sent of it is still there.
        #expect(try await collector.tables("database", "one") == sent)

        collector = LiveCollector(files: files)
        try collector.start([one, two])
        for id in ["one", "two"] { try await collector.settle("database", id) }
        await collector.stop()
        let again = Array(try await collector.tables("database", "one").dropFirst(sent.count))
        #expect(again.count > 1)
        for (index, table) in again.enumerated() {
            for row in 0..<table.rowCount { #expect((table.quality(row) == .first) == (index == 0)) }
        }
        // The other one never began anew.
        let others = try await collector.tables("database", "two")
        for (index, table) in others.enumerated() {
            for row in 0..<table.rowCount { #expect((table.quality(row) == .first) == (index == 0)) }
        }
        let numbers = await collector.messages().filter { $0.message.topic == "samples" && $0.message.key == "one" }
            .map(\.sequence)
        #expect(numbers == Array(1...UInt64(numbers.count)))
    }
}
