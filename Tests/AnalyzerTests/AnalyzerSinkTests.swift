import Codec
import Kafka
import Postgres
import Runtime
import Support
import Testing

@testable import Analyzer

@Suite(.postgres, .serialized) struct AnalyzerSinkTests {
    @Test func `A broken statement is in the outbox with the transaction that learnt of it`() async throws {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10))
        try await fixture.process(fixture.cycles(1, 50))
        let findings = try await fixture.outbox()
        try #require(findings.count == 1)
        let finding = findings[0]
        #expect(finding.kind == "statement_broken")
        #expect(finding.state == .opened)
        #expect(finding.instance == "x")
        #expect(finding.subject == "7")
        #expect(finding.value == 0.05)
        #expect(abs(finding.baseline - 0.01) < 0.0002)
        #expect(finding.threshold == 2 * finding.baseline)
        #expect(finding.unit == .seconds)
        #expect(finding.samples == 20)
        #expect(finding.windowEnd - finding.windowStart == 10_000_000)
        #expect(finding.evidence.contains(Label("database", "shop")))
        #expect(finding.evidence.contains(Label("baseline_of", "hour 0 UTC")))
        #expect(finding.summary.contains("50.0 ms") || finding.summary.contains("50 ms"), "\(finding.summary)")
        #expect(try await fixture.storedOffset() == 21)
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.baselines WHERE broken") == 1)
    }

    @Test func `A finding keeps its identity until it is resolved`() async throws {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10) + fixture.cycles(40, 50) + fixture.cycles(3, 10))
        let findings = try await fixture.outbox()
        #expect(findings.map(\.state) == [.opened, .updated, .resolved])
        #expect(Set(findings.map(\.identity)).count == 1)
        #expect(try await fixture.number("SELECT count(DISTINCT message) FROM analyzer.outbox") == 3)
        #expect(findings[2].evidence.contains(Label("resolved_because", "recovered")))
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.baselines WHERE broken") == 0)
    }

    @Test func `A finding of a statement that is not run resolves by a clock that was set back`() async throws {
        let fixture = try await AnalyzerFixture(["broken.idle_after": "60s"])
        try await fixture.process(fixture.cycles(20, 10) + fixture.cycles(1, 50))
        fixture.time -= 7_200_000_000
        for _ in 0..<7 {
            _ = try await fixture.restart()
            try await fixture.process([fixture.record([8: (1, 1)])])
        }
        #expect(try await fixture.outbox().map(\.state) == [.opened, .resolved])
    }

    @Test func `Killed at any time and started again it says the same, once`() async throws {
        // The same samples, the process killed after every batch.
        let calm = try await AnalyzerFixture()
        let killed = try await AnalyzerFixture()
        let means: [Double] =
            Array(repeating: 10, count: 12) + [50, 60, 10, 10, 10, 70] + Array(repeating: 10, count: 4)
        var all: [RecordBatch.Owned] = []
        for mean in means { all += try calm.cycles(1, mean) }
        try await calm.process(all)
        for (index, record) in all.enumerated() {
            try await killed.process([record])
            let next = try await killed.restart()
            #expect(next == Int64(index + 1))
        }
        let expected = try await calm.outbox()
        #expect(expected.map(\.state) == [.opened, .resolved, .opened, .resolved])
        #expect(try await killed.outbox() == expected)
    }

    @Test func `A message that comes twice counts once`() async throws {
        let fixture = try await AnalyzerFixture()
        let records = try fixture.cycles(20, 10)
        try await fixture.process(records)
        let before = try await fixture.number("SELECT sum(length(state)) FROM analyzer.baselines")
        // A producer's retry: the same messages, at new offsets.
        try await fixture.process(records.map { fixture.owned($0.value, $0.headers) })
        #expect(try await fixture.number("SELECT sum(length(state)) FROM analyzer.baselines") == before)
        #expect(try await fixture.storedOffset() == 40)
        let next = try await fixture.restart()
        #expect(next == 40)
        try await fixture.process(records.prefix(3).map { fixture.owned($0.value, $0.headers) })
        #expect(try await fixture.number("SELECT sum(length(state)) FROM analyzer.baselines") == before)
    }

    @Test func `A finding has its statement's name and text, though rows say the name only now and then`() async throws
    {
        let fixture = try await AnalyzerFixture()
        let statement = Statement(
            name: "abc", text: "SELECT *\n  FROM orders\n WHERE id = $1", instance: "x", queryid: 7)
        let envelope = Envelope(
            Topics.statements, stream: StreamName(producer: "c1", topic: "statements", key: "abc"), identity: "abc",
            time: AnalyzerFixture.start)
        let text = RecordBatch.Owned(
            topic: Topics.statements.fullName(), partition: 0, offset: 0, key: Array("abc".utf8),
            value: statement.encoded(), headers: envelope.headers)
        let tombstone = RecordBatch.Owned(
            topic: Topics.statements.fullName(), partition: 0, offset: 1, key: Array("abd".utf8), value: nil)
        try await fixture.process([text, tombstone])
        try await fixture.process([fixture.record([7: (10, 10)], name: "abc")])
        try await fixture.process(fixture.cycles(20, 10) + fixture.cycles(1, 50))
        let finding = try #require(try await fixture.outbox().first)
        #expect(finding.subject == "abc")
        #expect(
            finding.summary.hasPrefix("Statement abc of web in shop, \"SELECT * FROM orders WHERE id = $1\", took 50"))
        #expect(finding.evidence.contains(Label("statement", "abc")))
        #expect(finding.evidence.contains(Label("text", "SELECT * FROM orders WHERE id = $1")))
    }

    @Test func `Rows that are no deltas are not judged`() async throws {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10))
        for quality in [Quality.first, .reset, .evicted] {
            try await fixture.process([fixture.record([7: (10, 500)], quality: quality)])
        }
        #expect(try await fixture.outbox().isEmpty)
    }

    @Test func `A message that cannot be used is buried first, then passed`() async throws {
        let fixture = try await AnalyzerFixture()
        let good = try fixture.cycles(2, 10)
        let whole = try #require(good[0].value)
        let cut = fixture.owned(Array(whole.dropLast(5)), good[0].headers)
        let bare = fixture.owned([1, 2, 3], [])
        let empty = fixture.owned(nil, good[1].headers)
        fixture.deadLetters.refuse(true)
        await #expect(throws: AnalyzerError.self) { try await fixture.process(good + [cut, bare, empty]) }
        #expect(try await fixture.storedOffset() == nil, "not passed before it is buried")
        fixture.deadLetters.refuse(false)
        try await fixture.process(good + [cut, bare, empty])
        #expect(fixture.deadLetters.letters.map(\.offset) == [2, 3, 4])
        #expect(fixture.deadLetters.letters[1].reason == "header_missing")
        #expect(fixture.deadLetters.letters[0].value == Array(whole.dropLast(5)))
        #expect(fixture.deadLetters.letters.allSatisfy { $0.consumer == "analyzer" && !$0.detail.isEmpty })
        #expect(try await fixture.storedOffset() == 5)
    }

    @Test func `What can be decoded and cannot be meant is buried too, and nothing traps`() async throws {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10))
        let good = try Table.decode(try #require(fixture.cycles(1, 10)[0].value))
        func table(_ change: (inout Table) -> Void) -> RecordBatch.Owned {
            var table = good
            change(&table)
            return fixture.record(table, sequence: .max)
        }
        let bad = [
            table { $0.time = .min }, table { $0.time = .max }, table { $0.interval = -1 },
            table { $0.interval = .max }, table { $0.instance = "x\0y" },
            table { $0.columns[0] = Column("database", .label, .none, .strings(dictionary: ["a\0"], indexes: [0])) },
        ]
        try await fixture.process(bad)
        #expect(
            fixture.deadLetters.letters.map(\.reason) == [
                "time", "time", "interval", "interval", "zero_byte", "zero_byte",
            ])
        // Numbers at their ends are judged like any other.
        for (calls, total) in [(Int64.max, Int64.max), (1, .max), (.max, 0), (.min, .min), (0, 5), (1, -5)] {
            var table = good
            table.time += 10_000_000
            for index in table.columns.indices {
                if table.columns[index].name == "calls" { table.columns[index].values = .integers([calls]) }
                if table.columns[index].name == "total_exec_time" { table.columns[index].values = .integers([total]) }
            }
            try await fixture.process([fixture.record(table, sequence: 1_000), fixture.record(table, sequence: 1_001)])
        }
        #expect(try await fixture.storedOffset() == 39)
    }

    @Test func `A topic full of unusable messages is not drained`() async throws {
        let fixture = try await AnalyzerFixture(["deadletter.minimum": "3"])
        let bad = (0..<10).map { _ in fixture.owned([1], []) }
        // Not tried again for ever: whoever starts it again sees why it stopped.
        let error = await #expect(throws: FatalError.self) { try await fixture.process(bad) }
        #expect(error?.description.contains("deadletter.max_ratio") == true)
        #expect(fixture.deadLetters.letters.isEmpty)
    }

    @Test func `A newer version holds its partition and is not passed`() async throws {
        let fixture = try await AnalyzerFixture()
        let good = try fixture.cycles(3, 10)
        let newer = fixture.owned(
            [9], good[0].headers.map { $0.name == Envelope.Name.version ? ($0.name, Array("2".utf8)) : $0 })
        let after = try fixture.cycles(1, 10)
        let dispositions = try await fixture.process(good + [newer] + after)
        guard case .held(let offset, let reason) = dispositions[AnalyzerFixture.samples] else {
            Issue.record("not held: \(dispositions)")
            return
        }
        #expect(offset == 3)
        #expect(reason.contains("upgrade"))
        #expect(try await fixture.storedOffset() == 3)
        #expect(fixture.deadLetters.letters.isEmpty)
    }

    @Test func `Another analyzer that took over is not overwritten`() async throws {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10))
        var connection = try await PostgresConnection.open(fixture.database)
        try await connection.execute("UPDATE analyzer.offsets SET next_offset = 25")
        let dispositions = try await fixture.process(fixture.cycles(1, 500))
        #expect(dispositions[AnalyzerFixture.samples] == .rewind(to: 25))
        #expect(try await fixture.outbox().isEmpty)
        #expect(try await fixture.storedOffset() == 25)
    }

    @Test func `A database that is away changes nothing, and the batch comes again`() async throws {
        let fixture = try await AnalyzerFixture()
        try await fixture.process(fixture.cycles(20, 10))
        let records = try fixture.cycles(1, 50) + [fixture.owned([1], [])]
        var connection = try await PostgresConnection.open(fixture.database)
        try await connection.execute("ALTER TABLE analyzer.outbox RENAME TO gone")
        let error = await #expect(throws: AnalyzerError.self) { try await fixture.process(records) }
        #expect(error?.description.contains("migrate up") == true)
        await #expect(throws: AnalyzerError.self) { try await fixture.process(records) }
        try await connection.execute("ALTER TABLE analyzer.gone RENAME TO outbox")
        try await fixture.process(records)
        #expect(fixture.deadLetters.letters.count == 1, "what Kafka has is not published with each attempt")
        #expect(try await fixture.outbox().map(\.state) == [.opened])
    }

    @Test func `An instance keeps so many baselines, the ones used last`() async throws {
        let fixture = try await AnalyzerFixture(["baseline.per_instance": "3"])
        try await fixture.process([
            fixture.record([1: (1, 1), 2: (1, 1), 3: (1, 1)]), fixture.record([4: (1, 1), 5: (1, 1)]),
        ])
        try await fixture.sink.idle()
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.baselines") == 3)
        #expect(try await fixture.number("SELECT count(*) FROM analyzer.baselines WHERE queryid IN (4, 5)") == 2)
    }

    @Test func `A small memory only reads more`() async throws {
        let fixture = try await AnalyzerFixture(["baseline.cached": "2"])
        for _ in 0..<10 {
            try await fixture.process([fixture.record([1: (1, 10), 2: (1, 20), 3: (1, 30), 4: (1, 40), 5: (1, 50)])])
        }
        try await fixture.process([fixture.record([1: (1, 10), 2: (1, 20), 3: (1, 300), 4: (1, 40), 5: (1, 50)])])
        #expect(try await fixture.outbox().map(\.subject) == ["3"])
    }

    @Test func `The schema is taken back whole`() async throws {
        let fixture = try await AnalyzerFixture()
        var connection = try await PostgresConnection.open(fixture.database)
        try await AnalyzerSchema.migrator.down(&connection, to: 0)
        #expect(try await fixture.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'analyzer'") == 0)
        try await AnalyzerSchema.migrator.up(&connection)
        #expect(try await AnalyzerSchema.migrator.status(&connection).current == 1)
    }

    @Test func `The word status fails while steps are pending`() async throws {
        let fixture = try await AnalyzerFixture()
        let logger = Logger(service: "test", sink: { _ in })
        for (word, status) in [("status", Int32(0)), ("down", 0), ("status", 1), ("up", 0), ("status", 0)] {
            #expect(await MigrateWord.run(word, fixture.settings, logger) == status, "\(word)")
        }
    }

    @Test func `Its role is enough`() async throws {
        let fixture = try await AnalyzerFixture()
        var connection = try await PostgresConnection.open(fixture.database)
        try await connection.execute("ALTER ROLE pganalytics_analyzer LOGIN PASSWORD 'secret'")
        let server = try #require(TestServer.current)
        let own = server.settings(database: fixture.database.database, user: "pganalytics_analyzer", password: "secret")
        let logger = Logger(service: "test", sink: { _ in })
        let sink = AnalyzerSink(
            fixture.settings, pool: PostgresPool(own, limit: 1, logger: logger), deadLetters: fixture.deadLetters,
            bell: Bell(), logger: logger, metrics: AnalyzerMetrics(MetricRegistry()))
        _ = try await sink.assigned([AnalyzerFixture.samples], clusterID: "c")
        _ = try await sink.process(RecordBatch(fixture.cycles(20, 10) + fixture.cycles(1, 50)))
        try await sink.idle()
        var mine = try await PostgresConnection.open(own)
        #expect(try await AnalyzerStore().lockOutbox(&mine))
        let messages = try await AnalyzerStore().oldest(10, &mine)
        #expect(messages.count == 1)
        try await AnalyzerStore().delete(messages.map(\.row), &mine)
    }
}
