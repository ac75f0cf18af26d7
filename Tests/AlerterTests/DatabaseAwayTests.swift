import Postgres
import Runtime
import Support
import Testing

@testable import Alerter

/// The alerter while its database is away: each test has a server of its own and kills it.
@Suite(.serialized) struct DatabaseAwayTests {
    @Test(.timeLimit(.minutes(2))) func `It pages on, about the database too, and writes its state up afterwards`()
        async throws
    {
        try await TestServer.with(configuration: ["synchronous_commit": "on"]) { server in
            let fixture = try await AlerterFixture()
            try await fixture.assign()
            try await fixture.process([fixture.waits([])])
            await server.killNow()
            let sent = ContinuousClock.now
            try await fixture.process([fixture.waits([(11, 12, 7)])])
            let pages = await fixture.receiver.wait(for: 1)
            #expect(pages.map(\.what) == ["firing LockWait"])
            #expect(pages[0].at - sent < .seconds(2), "a database away delays no page")
            #expect(await fixture.receiver.wait(for: 2).map(\.what) == ["firing LockWait", "firing StorageDown"])
            try await server.restart()
            #expect(await fixture.receiver.wait(for: 3).map(\.what).last == "resolved StorageDown")
            try await fixture.process([fixture.waits([(11, 12, 19)])])
            #expect(await fixture.keeper.trouble == nil)
            #expect(
                try await fixture.number("SELECT next_offset FROM alerter.offsets WHERE topic LIKE '%samples'") == 3)
            // What was told while it was away is known to the next alerter.
            try await fixture.restart()
            try await fixture.process([fixture.waits([(11, 12, 20)])])
            try await Task.sleep(for: .seconds(6))
            try await fixture.process([fixture.waits([])])
            _ = await fixture.receiver.wait(for: 4)
            try await Task.sleep(for: .milliseconds(300))
            #expect(
                fixture.receiver.received.map(\.what)
                    == ["firing LockWait", "firing StorageDown", "resolved StorageDown", "resolved LockWait"])
            await fixture.stop()
        }
    }

    @Test(.timeLimit(.minutes(2))) func `A database that comes back without its last commits gets them again`()
        async throws
    {
        try await TestServer.with(configuration: ["synchronous_commit": "off", "wal_writer_delay": "10s"]) { server in
            let fixture = try await AlerterFixture()
            try await fixture.assign()
            try await fixture.process([fixture.waits([])])
            var connection = try await PostgresConnection.open(fixture.database)
            try await connection.execute("CHECKPOINT")
            try await fixture.process([fixture.waits([(11, 12, 7)])])
            _ = await fixture.receiver.wait(for: 1)
            await server.killNow()
            while await fixture.keeper.trouble == nil { try await Task.sleep(for: .milliseconds(50)) }
            try await server.restart()
            while await fixture.keeper.trouble != nil { try await Task.sleep(for: .milliseconds(50)) }
            let offsets = try await fixture.restart()
            #expect(offsets[AlerterFixture.samples] == 2)
            try await fixture.process([fixture.waits([(11, 12, 9)])])
            try await Task.sleep(for: .seconds(6))
            try await fixture.process([fixture.waits([])])
            _ = await fixture.receiver.wait(for: 2)
            let alerts = fixture.receiver.received.map(\.what).filter { $0.hasSuffix("LockWait") }
            #expect(alerts == ["firing LockWait", "resolved LockWait"])
            await fixture.stop()
        }
    }

    @Test(.timeLimit(.minutes(2))) func `Started without its database it pages, and merges when it is back`()
        async throws
    {
        try await TestServer.with(configuration: ["synchronous_commit": "on"]) { server in
            let fixture = try await AlerterFixture()
            try await fixture.assign()
            try await fixture.process([fixture.waits([(11, 12, 7)])])
            _ = await fixture.receiver.wait(for: 1)
            try await Task.sleep(for: .milliseconds(300))
            await server.killNow()
            let offsets = try await fixture.restart()
            #expect(offsets[AlerterFixture.samples] == -1, "from the newest record on")
            // It cannot know whether it paged before; the dedup key is the same.
            try await fixture.process([fixture.waits([(11, 12, 8)])])
            let pages = await fixture.receiver.wait(for: 2)
            #expect(pages.map(\.what) == ["firing LockWait", "firing LockWait"])
            try await server.restart()
            while await fixture.keeper.trouble != nil { try await Task.sleep(for: .milliseconds(50)) }
            try await fixture.process([fixture.waits([(11, 12, 9)])])
            try await Task.sleep(for: .seconds(6))
            try await fixture.process([fixture.waits([])])
            try await Task.sleep(for: .seconds(1))
            let alerts = fixture.receiver.received.map(\.what).filter { $0.hasSuffix("LockWait") }
            #expect(alerts == ["firing LockWait", "firing LockWait", "resolved LockWait"])
            #expect(try await fixture.number("SELECT count(*) FROM alerter.conversations") == 0)
            #expect(
                try await fixture.number("SELECT next_offset FROM alerter.offsets WHERE topic LIKE '%samples'") == 4)
            await fixture.stop()
        }
    }
}
