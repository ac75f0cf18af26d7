import Codec
import HTTP
import Kafka
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
            #expect(
                pages[0].at - sent < .seconds(10), "a page waits for the database a second, and not until it is back")
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

    @Test(.timeLimit(.minutes(2))) func `Partitions that come back while it is away go on where they were left`()
        async throws
    {
        try await TestServer.with(configuration: ["synchronous_commit": "on"]) { server in
            let fixture = try await AlerterFixture()
            try await fixture.assign()
            try await fixture.process([fixture.waits([])])
            await server.killNow()
            try await fixture.process([fixture.waits([(11, 12, 7)])])
            _ = await fixture.receiver.wait(for: 2)
            await fixture.sink.revoked([AlerterFixture.samples, AlerterFixture.findings])
            let offsets = try await fixture.assign()
            #expect(offsets[AlerterFixture.samples] == 2)
            try await fixture.process([fixture.waits([(11, 12, 9)])])
            try await server.restart()
            _ = await fixture.receiver.wait(for: 3)
            try await fixture.process([fixture.waits([(11, 12, 12)])])
            #expect(await fixture.keeper.trouble == nil)
            #expect(
                try await fixture.number("SELECT next_offset FROM alerter.offsets WHERE topic LIKE '%samples'") == 4)
            try await Task.sleep(for: .seconds(6))
            try await fixture.process([fixture.waits([])])
            _ = await fixture.receiver.wait(for: 4)
            #expect(
                fixture.receiver.received.map(\.what)
                    == ["firing LockWait", "firing StorageDown", "resolved StorageDown", "resolved LockWait"])
            await fixture.stop()
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `What was told before partitions went elsewhere is written up, and still delivered`()
        async throws
    {
        try await TestServer.with(configuration: ["synchronous_commit": "on"]) { server in
            let fixture = try await AlerterFixture()
            try await fixture.assign()
            try await fixture.process([fixture.waits([])])
            await server.killNow()
            fixture.receiver.answer([HTTPResponse(status: 503, headers: ["Retry-After": "2"])])
            try await fixture.process([fixture.waits([(11, 12, 7)])])
            _ = await fixture.receiver.wait(for: 1)
            while await fixture.keeper.trouble == nil { try await Task.sleep(for: .milliseconds(50)) }
            await fixture.sink.revoked([AlerterFixture.samples, AlerterFixture.findings])
            let pages = await fixture.receiver.wait(for: 2).filter { $0.what == "firing LockWait" }
            #expect(pages.map(\.status).contains(503))
            while !fixture.receiver.received.contains(where: { $0.what == "firing LockWait" && $0.status == 200 }) {
                try await Task.sleep(for: .milliseconds(50))
            }
            try await server.restart()
            let isForgotten = { fixture.desk.with { $0.instances.isEmpty && $0.notifications.conversations.isEmpty } }
            while !isForgotten() { try await Task.sleep(for: .milliseconds(50)) }
            #expect(
                try await fixture.number("SELECT next_offset FROM alerter.offsets WHERE topic LIKE '%samples'") == 2)
            // Whoever has them now knows what was told.
            try await fixture.restart()
            let told = fixture.receiver.received.count
            try await fixture.process([fixture.waits([(11, 12, 20)])])
            try await Task.sleep(for: .seconds(6))
            try await fixture.process([fixture.waits([])])
            var since: [String] = []
            while since.isEmpty {
                try await Task.sleep(for: .milliseconds(50))
                since = fixture.receiver.received.dropFirst(told).map(\.what).filter { $0.hasSuffix("LockWait") }
            }
            #expect(since == ["resolved LockWait"])
            await fixture.stop()
        }
    }

    @Test(.timeLimit(.minutes(2))) func `What another alerter has gone on with is not written up`() async throws {
        try await TestServer.with { _ in
            let fixture = try await AlerterFixture()
            try await fixture.assign()
            try await fixture.process([fixture.waits([])])
            var connection = try await PostgresConnection.open(fixture.database)
            try await connection.execute("ALTER TABLE alerter.offsets RENAME TO gone")
            try await fixture.process([fixture.waits([(11, 12, 7)])])
            _ = await fixture.receiver.wait(for: 1)
            #expect(await fixture.keeper.trouble != nil)
            await fixture.sink.revoked([AlerterFixture.samples, AlerterFixture.findings])
            try await connection.execute(
                "BEGIN; UPDATE alerter.gone SET next_offset = 9; ALTER TABLE alerter.gone RENAME TO offsets; COMMIT")
            while await fixture.keeper.trouble != nil { try await Task.sleep(for: .milliseconds(50)) }
            #expect(try await fixture.number("SELECT max(next_offset) FROM alerter.offsets") == 9)
            #expect(try await fixture.number("SELECT count(*) FROM alerter.conversations") == 0)
            #expect(fixture.desk.with { $0.instances.isEmpty && $0.notifications.conversations.isEmpty })
            await fixture.stop()
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `Started without its database it reads findings again from where they were used`()
        async throws
    {
        try await TestServer.with(configuration: ["synchronous_commit": "on"]) { server in
            let fixture = try await AlerterFixture()
            try await fixture.assign()
            var finding = Finding(
                identity: "f1", kind: "statement_broken", instance: "x", subject: "abc", state: .opened,
                time: WallClock.microseconds(), value: 0.5)
            func record() -> RecordBatch.Owned {
                let envelope = Envelope(
                    Topics.findings, stream: StreamName(producer: "analyzer", topic: "findings", key: "x"),
                    identity: "f1/\(finding.state)", time: finding.time)
                return fixture.record(finding.encoded(), envelope.headers, AlerterFixture.findings)
            }
            try await fixture.process([record()])
            _ = await fixture.receiver.wait(for: 1)
            try await Task.sleep(for: .milliseconds(300))
            await server.killNow()
            // It is over while nobody listens.
            finding.state = .resolved
            finding.time += 1_000_000
            let missed = record()
            let offsets = try await fixture.restart()
            #expect(offsets[AlerterFixture.findings] == ConsumerLoop.newest)
            try await fixture.process([fixture.cycle(up: true)])
            try await server.restart()
            while await fixture.keeper.trouble != nil { try await Task.sleep(for: .milliseconds(50)) }
            let dispositions = try await fixture.process([fixture.cycle(up: true)])
            #expect(dispositions == [AlerterFixture.findings: .rewind(to: 1)])
            try await fixture.process([missed])
            while !fixture.receiver.received.contains(where: { $0.what == "resolved StatementBroken" }) {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(
                try await fixture.number("SELECT next_offset FROM alerter.offsets WHERE topic LIKE '%findings'") == 2)
            await fixture.stop()
        }
    }
}
