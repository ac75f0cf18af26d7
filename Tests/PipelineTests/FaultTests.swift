import Glibc
import Postgres
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// Faults under load: whatever the broker, the storage and the kernel do, each call of each statement is stored once.
    @Suite(.serialized) struct FaultTests {
        @Test func `A slow, failing, forgetful and absent broker loses nothing and doubles nothing`() async throws {
            // A request that is not answered in two seconds is sent again, so that a lost acknowledgement shows soon.
            let impatient = ["kafka.librdkafka.socket.timeout.ms": "2000"]
            try await World.with(change: { $0.settings["collector", default: [:]].merge(impatient) { $1 } }) { world in
                let broker = BrokerFaults(world.stack)
                try await world.cycles()
                async let output = world.monitored.pgbench(["-n", "-c", "2", "-j", "1", "-R", "50", "-T", "26"])
                try await broker.latency(400)
                try await Task.sleep(for: .seconds(3))
                try await broker.latency(0)

                // An error that may pass, one of a request that may have been carried out, and a connection that closes.
                let errors = ["NOT_LEADER_FOR_PARTITION", "REQUEST_TIMED_OUT", "_TRANSPORT", "NOT_ENOUGH_REPLICAS"]
                try await broker.errors("Produce", errors)
                try await broker.errors("Fetch", ["NOT_LEADER_FOR_PARTITION", "_TRANSPORT", "REQUEST_TIMED_OUT"])
                try await broker.errors("OffsetCommit", ["NOT_COORDINATOR", "REQUEST_TIMED_OUT"])
                try await Task.sleep(for: .seconds(3))

                for _ in 0..<2 {
                    try await broker.loseAcknowledgement(8000)
                    try await Task.sleep(for: .seconds(4))
                }

                try await broker.broker(up: false)
                try await Task.sleep(for: .seconds(5))
                try await broker.broker(up: true)

                let processed = try Shop.processed(in: try await output)
                let counted = try await world.monitored.counters()
                try await world.expectCounts(counted)
                #expect(counted.values.contains { $0.calls == processed })
                #expect(try await world.stored("SELECT count(*) FROM api.gaps") == 0)
                #expect(try await world.stored("SELECT count(*) FROM api.dead_letters") == 0)
                #expect(try await world.doubledRows() == 0)
                // The development broker keeps the copy that followed a lost acknowledgement: the ledger has dropped it.
                #expect(await world.metric("writer_duplicates_total", of: "writer") > 0)
                #expect(world.stack.supervisor.restarts == 0)
            }
        }

        @Test func `A killed storage and processes that are stopped for a while lose nothing and double nothing`()
            async throws
        {
            try await World.with { world in
                try await world.cycles()
                async let output = world.monitored.pgbench(["-n", "-c", "2", "-j", "1", "-R", "50", "-T", "26"])
                try await Task.sleep(for: .seconds(2))
                await world.stack.storage?.killNow()
                try await Task.sleep(for: .seconds(4))
                try await world.stack.storage?.restart()

                try await world.stop("collector", for: .seconds(5))
                // Longer than its session in the consumer group: it has lost its partitions when it goes on.
                try await world.stop("writer", for: .seconds(8))

                let processed = try Shop.processed(in: try await output)
                let counted = try await world.monitored.counters()
                try await world.expectCounts(counted)
                #expect(counted.values.contains { $0.calls == processed })
                #expect(try await world.stored("SELECT count(*) FROM api.gaps") == 0)
                #expect(try await world.doubledRows() == 0)
                #expect(world.stack.supervisor.restarts == 0)
            }
        }
    }
}

extension World {
    /// Stops a service for `duration`, as a machine that is suspended would.
    func stop(_ service: String, for duration: Duration) async throws {
        let pid = try #require(stack.supervisor.pid(of: service))
        kill(pid, SIGSTOP)
        try? await Task.sleep(for: duration)
        kill(pid, SIGCONT)
    }
}
