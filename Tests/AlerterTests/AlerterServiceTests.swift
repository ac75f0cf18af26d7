import Codec
import HTTP
import Kafka
import Postgres
import Runtime
import Support
import Testing

@testable import Alerter

/// The alerter with a database and a receiver.
@Suite(.postgres, .serialized) struct AlerterServiceTests {
    @Test func `A lock wait is a page that says who blocks whom`() async throws {
        let fixture = try await AlerterFixture(["webhook.secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
        try await fixture.assign()
        let sent = ContinuousClock.now
        try await fixture.process([fixture.waits([(11, 12, 7.5), (13, 11, 6)])])
        let pages = await fixture.receiver.wait(for: 1)
        try #require(pages.count == 1)
        #expect(pages[0].at - sent < .seconds(10), "it waits for nothing: neither for newer data nor for a cycle")
        #expect(pages[0].what == "firing LockWait")
        #expect(pages[0].body.contains("pid 11 (web in shop) waits for pid 12 (batch, idle in transaction)"))
        #expect(pages[0].body.contains("pid 13 (web in shop) waits for pid 11"))
        let expected = StandardWebhook.signature(
            id: pages[0].id, timestamp: try #require(Int64(pages[0].timestamp)), body: pages[0].body,
            key: StandardWebhook.key(of: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(pages[0].signature == expected)
        await fixture.stop()
    }

    @Test func `Killed between page and resolve it resolves once`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        try await fixture.process([fixture.waits([(11, 12, 7)])])
        _ = await fixture.receiver.wait(for: 1)
        // The page's answer is being stored.
        while try await fixture.number("SELECT count(*) FROM alerter.deliveries") != 0 {
            try await Task.sleep(for: .milliseconds(10))
        }
        let offsets = try await fixture.restart()
        #expect(offsets[AlerterFixture.samples] == 1)
        try await fixture.process([fixture.waits([(11, 12, 9)])])
        try await Task.sleep(for: .milliseconds(300))
        #expect(fixture.keeper.metrics.storageUp.value == 1)
        #expect(fixture.receiver.received.count == 1)
        try await Task.sleep(for: .seconds(6))
        try await fixture.process([fixture.waits([])])
        let pages = await fixture.receiver.wait(for: 2)
        try await fixture.restart()
        try await fixture.process([fixture.waits([])])
        try await Task.sleep(for: .milliseconds(500))
        #expect(fixture.receiver.received.map(\.what) == ["firing LockWait", "resolved LockWait"])
        #expect(Set(pages.map(\.id)).count == 2)
        #expect(try await fixture.number("SELECT count(*) FROM alerter.alerts") == 0)
        #expect(try await fixture.number("SELECT count(*) FROM alerter.conversations") == 0)
        await fixture.stop()
    }

    @Test func `A receiver that fails gets the same message until it takes it`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        fixture.receiver.answer([
            HTTPResponse(status: 500), HTTPResponse(status: 503, headers: ["Retry-After": "1"]),
            HTTPResponse(status: 429),
        ])
        try await fixture.process([fixture.waits([(11, 12, 7)])])
        let pages = await fixture.receiver.wait(for: 4)
        #expect(pages.map(\.status) == [500, 503, 429, 200])
        #expect(Set(pages.map(\.id)).count == 1)
        #expect(Set(pages.map(\.body)).count == 1)
        #expect(pages[2].at - pages[1].at >= .milliseconds(990))
        try await Task.sleep(for: .milliseconds(300))
        let statuses = fixture.desk.with { $0.events.filter { $0.kind == .delivery }.map(\.deliveryStatus) }
        #expect(statuses == ["retrying", "retrying", "retrying", "delivered"])
        await fixture.stop()
    }

    @Test func `A receiver that answers at length has answered`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        fixture.receiver.answer([HTTPResponse(status: 200, body: Array(repeating: 65, count: 300_000))])
        try await fixture.process([fixture.waits([(11, 12, 7)])])
        _ = await fixture.receiver.wait(for: 1)
        try await Task.sleep(for: .milliseconds(1_500))
        #expect(fixture.receiver.received.count == 1)
        let statuses = fixture.desk.with { $0.events.filter { $0.kind == .delivery }.map(\.deliveryStatus) }
        #expect(statuses == ["delivered"])
        await fixture.stop()
    }

    @Test func `A refused page is said and not repeated, and its resolve never comes`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        fixture.receiver.answer([HTTPResponse(status: 404)])
        try await fixture.process([fixture.waits([(11, 12, 7)])])
        _ = await fixture.receiver.wait(for: 1)
        try await Task.sleep(for: .seconds(6))
        try await fixture.process([fixture.waits([])])
        try await Task.sleep(for: .milliseconds(500))
        #expect(fixture.receiver.received.count == 1)
        let events = fixture.desk.with { $0.events }
        #expect(events.filter { $0.kind == .delivery }.map(\.deliveryStatus) == ["failed"])
        #expect(events.filter { $0.kind == .stateChange }.map(\.state) == ["firing", "resolved"])
        await fixture.stop()
    }

    @Test func `A receiver that is slow holds nobody else up`() async throws {
        // Two at a time, the fifth would come after twice the delay.
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        fixture.receiver.delay(.seconds(6))
        let start = ContinuousClock.now
        try await fixture.process((0..<5).map { try fixture.waits([(11, 12, 7)], instance: "x\($0)") })
        let pages = await fixture.receiver.wait(for: 5, within: .seconds(30))
        #expect(pages.count == 5)
        #expect(pages.allSatisfy { $0.at - start < .seconds(12) })
        await fixture.stop()
    }

    @Test func `A message that comes twice, and one that cannot be used`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        let down = try fixture.record(fixture.waits([(11, 12, 7)]))
        try await fixture.process([down])
        _ = await fixture.receiver.wait(for: 1)
        let over = try fixture.record(fixture.waits([]))
        let cut = fixture.record(Array((over.value ?? []).dropLast(3)), over.headers)
        let again = fixture.record(down.value, down.headers)
        let newer = fixture.record(
            over.value, over.headers.map { $0.name == Envelope.Name.version ? ($0.name, Array("9".utf8)) : $0 })
        let dispositions = try await fixture.process([cut, again, newer])
        #expect(fixture.deadLetters.letters.map(\.offset) == [2])
        #expect(fixture.deadLetters.letters.map(\.consumer) == ["alerter"])
        guard case .held(at: 4, reason: _)? = dispositions[AlerterFixture.samples] else {
            Issue.record("not held: \(dispositions)")
            return
        }
        #expect(try await fixture.number("SELECT next_offset FROM alerter.offsets WHERE topic LIKE '%samples'") == 4)
        await fixture.stop()
    }

    @Test func `What can be decoded and cannot be meant is buried, and nothing traps or wedges`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        let good = try fixture.waits([(11, 12, 1)])
        func table(_ change: (inout Table) -> Void) -> Table {
            var table = good
            change(&table)
            return table
        }
        let cycle = try fixture.cycle(up: true)
        var odd = cycle
        odd.columns = odd.columns.map { column in
            var column = column
            if ["next_interval", "up"].contains(column.name) { column.values = .integers([.max]) }
            return column
        }
        odd.columns.append(Column("clock_offset", .gauge, .microseconds, .integers([.min])))
        try await fixture.process([
            table { $0.time = .min }, table { $0.time = .max }, table { $0.instance = "x\0y" },
            table { $0.columns[0] = Column("mode", .label, .none, .strings(dictionary: ["a\0"], indexes: [0])) }, odd,
            good,
        ])
        #expect(fixture.deadLetters.letters.map(\.reason) == ["time", "time", "zero_byte", "zero_byte"])
        let finding = Finding(identity: "f\0", instance: "x", state: .opened, time: .max)
        let envelope = Envelope(
            Topics.findings, stream: StreamName(producer: "analyzer", topic: "findings", key: "x"), identity: "f",
            time: 1)
        try await fixture.process([fixture.record(finding.encoded(), envelope.headers, AlerterFixture.findings)])
        #expect(fixture.deadLetters.letters.count == 5)
        try await fixture.sink.idle()
        #expect(await fixture.keeper.trouble == nil)
        #expect(try await fixture.number("SELECT next_offset FROM alerter.offsets WHERE topic LIKE '%samples'") == 6)
        await fixture.stop()
    }

    @Test func `A stop in the middle of a page waits for its answer`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        fixture.receiver.delay(.seconds(1))
        try await fixture.process([fixture.waits([(11, 12, 7)])])
        _ = await fixture.receiver.wait(for: 1)
        await fixture.sink.revoked([AlerterFixture.samples, AlerterFixture.findings])
        try await fixture.restart()
        try await fixture.process([fixture.waits([(11, 12, 9)])])
        try await Task.sleep(for: .milliseconds(1_500))
        #expect(fixture.receiver.received.count == 1)
        await fixture.stop()
    }

    @Test func `A finding pages with its statement, and resolves`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        var finding = Finding(
            identity: "f1", kind: "statement_broken", instance: "x", subject: "abc", state: .opened,
            time: WallClock.microseconds(), value: 0.5, baseline: 0.1, threshold: 0.2, unit: .seconds,
            evidence: [Label("database", "shop"), Label("username", "web")])
        func send(_ number: Int) async throws {
            let envelope = Envelope(
                Topics.findings, stream: StreamName(producer: "analyzer", topic: "findings", key: "x"),
                identity: "f1/\(number)", time: finding.time)
            try await fixture.process([fixture.record(finding.encoded(), envelope.headers, AlerterFixture.findings)])
        }
        try await send(0)
        try await send(0)
        let pages = await fixture.receiver.wait(for: 1)
        #expect(pages.first?.body.contains("Statement abc on x") == true)
        #expect(pages.first?.body.contains("In shop as web it took 500ms") == true)
        try await fixture.restart()
        finding.state = .resolved
        finding.time += 1_000_000
        try await send(1)
        _ = await fixture.receiver.wait(for: 2)
        finding.state = .opened
        finding.time -= 1_000_000
        try await send(0)
        try await Task.sleep(for: .milliseconds(300))
        #expect(fixture.receiver.received.map(\.what) == ["firing StatementBroken", "resolved StatementBroken"])
        await fixture.stop()
    }

    @Test func `A dead letter that Kafka has is not published again with its batch`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        let bad = [fixture.record([1], []), fixture.record([2], []), fixture.record([3], [])]
        fixture.deadLetters.refuse(1)
        await #expect(throws: AlerterError.self) { try await fixture.process(bad) }
        #expect(fixture.deadLetters.letters.map(\.offset) == [1, 2])
        fixture.deadLetters.refuse(0)
        try await fixture.process(bad)
        #expect(fixture.deadLetters.letters.map(\.offset) == [1, 2, 0])
        await fixture.stop()
    }

    @Test func `Only who waits for a newer alerter with his samples is not watched`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        let table = try fixture.record(fixture.cycle(up: true))
        let finding = Envelope(
            Topics.findings, stream: StreamName(producer: "analyzer", topic: "findings", key: "x"), identity: "f",
            time: 1)
        func newer(
            _ headers: [(name: String, value: [UInt8])], _ partition: TopicPartition
        ) -> RecordBatch.Owned {
            fixture.record(
                [1], headers.map { $0.name == Envelope.Name.version ? ($0.name, Array("9".utf8)) : $0 }, partition)
        }
        let dispositions = try await fixture.process([newer(finding.headers, AlerterFixture.findings)])
        #expect(dispositions.count == 1)
        #expect(fixture.desk.with { $0.heldPartitions.isEmpty })
        try await fixture.process([newer(table.headers, AlerterFixture.samples)])
        #expect(fixture.desk.with { $0.heldPartitions } == [0])
        await fixture.stop()
    }

    @Test func `An alerter that was overtaken drops what it believed`() async throws {
        let fixture = try await AlerterFixture()
        try await fixture.assign()
        try await fixture.process([fixture.waits([])])
        var connection = try await PostgresConnection.open(fixture.database)
        try await connection.execute("UPDATE alerter.offsets SET next_offset = 7 WHERE topic LIKE '%samples'")
        let dispositions = try await fixture.process([fixture.cycle(up: true)])
        #expect(dispositions[AlerterFixture.samples] == .rewind(to: 7))
        #expect(try await fixture.number("SELECT next_offset FROM alerter.offsets WHERE topic LIKE '%samples'") == 7)
        await fixture.stop()
    }

    @Test func `Its role is enough, and the schema is taken back whole`() async throws {
        let fixture = try await AlerterFixture()
        await fixture.stop()
        var connection = try await PostgresConnection.open(fixture.database)
        try await connection.execute("ALTER ROLE pganalytics_alerter LOGIN PASSWORD 'secret'")
        let server = try #require(TestServer.current)
        let own = server.settings(database: fixture.database.database, user: "pganalytics_alerter", password: "secret")
        let mine = try await AlerterFixture(database: own, migrated: false)
        try await mine.assign()
        try await mine.process([mine.waits([(11, 12, 7)])])
        _ = await mine.receiver.wait(for: 1)
        #expect(await mine.keeper.trouble == nil)
        try await mine.restart()
        #expect(await mine.keeper.trouble == nil)
        await mine.stop()
        try await AlerterSchema.migrator.down(&connection, to: 0)
        #expect(try await fixture.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'alerter'") == 0)
    }

    @Test func `Whether steps are pending is the exit code of migrate status`() async throws {
        let fixture = try await AlerterFixture(migrated: false)
        await fixture.stop()
        let logger = Logger(service: "test", sink: { _ in })
        #expect(await MigrateWord.run("status", fixture.settings, logger) == 1)
        #expect(await MigrateWord.run("up", fixture.settings, logger) == 0)
        #expect(await MigrateWord.run("status", fixture.settings, logger) == 0)
        #expect(await MigrateWord.run("down", fixture.settings, logger) == 0)
        #expect(!MigrateWord.word.count.contains(2), "a version is not taken")
    }

    @Test func `Without its schema it says what to do, and pages all the same`() async throws {
        let fixture = try await AlerterFixture(migrated: false)
        #expect(try await fixture.assign()[AlerterFixture.samples] == ConsumerLoop.newest)
        #expect(await fixture.keeper.trouble?.contains("run pganalytics-alerter migrate up") == true)
        try await fixture.process([fixture.waits([(11, 12, 7)])])
        #expect(await fixture.receiver.wait(for: 1).map(\.what) == ["firing LockWait"])
        await fixture.stop()
    }
}
