import Glibc
import Postgres
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// What pages, how often, and what does not.
    @Suite struct AlertingTests {
        @Test func `A lock held for ten seconds pages once and resolves once`() async throws {
            try await holdAndCompare(.mock)
        }

        @Test(.enabled(if: RealKafka.isFound, "\(RealKafka.whereLooked)"), arguments: Broker.plain)
        func `Over a real Kafka it does too`(_ broker: Broker) async throws { try await holdAndCompare(broker) }

        private func holdAndCompare(_ broker: Broker) async throws {
            try await World.with(broker) { world in
                try await world.cycles()
                try await world.holdLock(for: .seconds(10)) {}
                try await world.expectPages([("LockWait", "firing"), ("LockWait", "resolved")])
            }
        }

        @Test func `An alerter that is killed between page and resolve still sends each once`() async throws {
            try await World.with { world in
                try await world.cycles()
                try await world.holdLock(for: .seconds(14)) {
                    try await world.waitForPage("LockWait", "firing")
                    world.stack.supervisor.kill("alerter", again: true)
                }
                try await world.expectPages([("LockWait", "firing"), ("LockWait", "resolved")], mayRepeat: true)
            }
        }

        @Test func `A stopped server pages ServerDown once`() async throws {
            try await World.with { world in
                try await world.cycles()
                await world.monitored.postgres.killNow()
                try await world.waitForPage("ServerDown", "firing")
                try await Task.sleep(for: .seconds(5))
                try await world.monitored.postgres.restart()
                try await world.expectPages([("ServerDown", "firing"), ("ServerDown", "resolved")])
            }
        }

        @Test func `A killed collector pages CollectorSilent and nothing else`() async throws {
            try await World.with { world in
                try await world.cycles()
                world.stack.supervisor.kill("collector", again: false)
                try await world.waitForPage("CollectorSilent", "firing")
                try await Task.sleep(for: .seconds(5))
                try await world.expectPages([("CollectorSilent", "firing")])
            }
        }

        @Test func `A database that is away delays no page`() async throws {
            try await World.with { world in
                try await world.cycles()
                await world.stack.storage?.killNow()
                let start = ContinuousClock.now
                try await world.holdLock(for: .seconds(12)) {
                    try await world.waitForPage("LockWait", "firing")
                    // The rule asks for 5 s; the rest is for a machine that is busy, not for a database to be waited for.
                    #expect(ContinuousClock.now - start < .seconds(25))
                }
                try await world.waitForPage("LockWait", "resolved")
                try await world.stack.storage?.restart()
                try await Task.sleep(for: .seconds(5))
                let pages = world.inbox.received.filter { $0.alert == "LockWait" }.map(\.status)
                #expect(pages == ["firing", "resolved"])
            }
        }
    }
}

extension World {
    /// Lets one session wait for another's row lock for `duration`, and runs `meanwhile` while it does.
    func holdLock(for duration: Duration, _ meanwhile: () async throws -> Void) async throws {
        var holder = try await PostgresConnection.open(monitored.app, timeout: .seconds(10))
        try await holder.execute("BEGIN; UPDATE pgbench_branches SET bbalance = 0 WHERE bid = 1")
        let app = monitored.app
        let waiter = Task {
            var connection = try await PostgresConnection.open(app, timeout: .seconds(10))
            try await connection.execute(
                "UPDATE pgbench_branches SET bbalance = 1 WHERE bid = 1", timeout: .seconds(60))
            connection.close()
        }
        let end = ContinuousClock.now + duration
        do {
            try await meanwhile()
        } catch {
            holder.close()
            throw error
        }
        try await Task.sleep(until: end)
        try await holder.execute("COMMIT")
        holder.close()
        try await waiter.value
    }

    /// Waits until a page of that alert and status has been delivered.
    func waitForPage(_ alert: String, _ status: String) async throws {
        try await waitFor("\(alert) \(status) to be delivered", within: .seconds(60)) {
            inbox.pages.contains { $0.alert == alert && $0.status == status } ? true : nil
        }
    }

    /// Waits for the last of `wanted`, rests a moment for what must not come, and compares all pages.
    ///
    /// - Parameter mayRepeat: whether the same page may have come again: an alerter that was killed cannot know of it.
    func expectPages(_ wanted: [(alert: String, status: String)], mayRepeat: Bool = false) async throws {
        if let last = wanted.last { try await waitForPage(last.alert, last.status) }
        try await Task.sleep(for: .seconds(3))
        let pages = mayRepeat ? inbox.pages : inbox.received
        #expect(pages.map { "\($0.alert) \($0.status)" } == wanted.map { "\($0.alert) \($0.status)" })
    }
}
