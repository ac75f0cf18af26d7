import Synchronization
import Testing

@testable import Runtime

struct RunServicesTests {
    private final class Events: Sendable {
        let list = Mutex<[String]>([])
        func add(_ event: String) { list.withLock { $0.append(event) } }
        var all: [String] { list.withLock { $0 } }
    }

    private let quiet = Logger(service: "test", sink: { _ in })

    @Test func `Parts end in the reverse order, each after the later ones`() async {
        let events = Events()
        let shutdown = Shutdown()
        let part: @Sendable (String) -> @Sendable (Shutdown) async throws -> Void = { name in
            { asked in
                await asked.wait()
                events.add("\(name) asked")
                try await Task.sleep(for: .milliseconds(5))
                events.add("\(name) ended")
            }
        }
        let running = Task {
            await runServices(
                [("database", part("database")), ("consumer", part("consumer"))], shutdown: shutdown,
                grace: .seconds(60), logger: quiet)
        }
        shutdown.request()
        #expect(await running.value == 0)
        #expect(events.all == ["consumer asked", "consumer ended", "database asked", "database ended"])
    }

    @Test func `A part that returns by itself has failed, and takes the others down`() async {
        let lines = Events()
        let logger = Logger(service: "test", sink: { lines.add($0) })
        let status = await runServices(
            [("stays", { await $0.wait() }), ("leaves", { _ in })], shutdown: Shutdown(), grace: .seconds(60),
            logger: logger)
        #expect(status == 1)
        #expect(lines.all.contains { $0.contains("A part of the process ended by itself service.name=leaves") })
    }

    @Test func `A part that throws has failed, also during the shutdown`() async {
        let lines = Events()
        let logger = Logger(service: "test", sink: { lines.add($0) })
        let status = await runServices(
            [("throws", { _ in throw RuntimeError(.system, "it broke") }), ("stays", { await $0.wait() })],
            shutdown: Shutdown(), grace: .seconds(60), logger: logger)
        #expect(status == 1)
        #expect(lines.all.contains { $0.contains("service.name=throws error.message=\"it broke\"") })
        let shutdown = Shutdown()
        shutdown.request()
        let late = await runServices(
            [
                (
                    "late",
                    { asked in
                        await asked.wait(); throw RuntimeError(.system, "not flushed")
                    }
                )
            ], shutdown: shutdown,
            grace: .seconds(60), logger: quiet)
        #expect(late == 1)
    }

    @Test func `Who does not end in time is not waited for`() async {
        let lines = Events()
        let logger = Logger(service: "test", sink: { lines.add($0) })
        let shutdown = Shutdown()
        let released = Shutdown()
        shutdown.request()
        _ = await runServices(
            [("hangs", { _ in await released.wait() })], shutdown: shutdown, grace: .milliseconds(20), logger: logger
        ) { status in
            // In a process this is _exit.
            lines.add("status \(status)")
            released.request()
        }
        #expect(lines.all.contains("status 1"))
        #expect(lines.all.contains { $0.contains("The shutdown took too long service.name=hangs") })
    }
}
