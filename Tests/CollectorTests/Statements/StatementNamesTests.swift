import Codec
import SQL
import Testing

@testable import Collector

/// Which texts are asked for, and what they are called.
@Suite struct StatementNamesTests {
    @Test func `Texts are asked for once a minute, and only for what has no name`() {
        var names = StatementNames()
        names.beginReading()
        names.seen(1)
        names.seen(2)
        let first = names.wanted(at: 0)
        #expect(first == [1, 2])
        names.asked([1, 2], got: [1], at: 0)
        names.learn(1, "a")
        names.beginReading()
        names.seen(1)
        names.seen(2)
        names.seen(3)
        let early = names.wanted(at: 59_999_999)
        // 2 could not be had a minute ago: it is not worth a reading of all texts yet.
        let later = names.wanted(at: 60_000_000)
        names.asked([3], got: [3], at: 60_000_000)
        let last = names.wanted(at: 700_000_000)
        #expect([early, later, last] == [[], [3], [2]])
        #expect(names.name(1) == "a")
    }

    @Test func `A name is owed once to what does not move, and is due again to what does`() {
        var names = StatementNames()
        names.beginReading()
        for queryid in [Int64(1), 2, 3, 4] {
            names.seen(queryid)
            let name = names.nameDue(queryid)
            #expect(name == nil)
        }
        names.endReading()
        for queryid in [Int64(1), 2, 3] { names.learn(queryid, "n\(queryid)") }
        names.beginReading()
        // 1 and 4 rested, 2 moved, 3 was evicted.
        let rested = [names.nameOwed(1), names.nameOwed(1), names.nameOwed(4)]
        #expect(rested == ["n1", nil, nil])
        let moved = [names.nameDue(2), names.nameOwed(2)]
        #expect(moved == ["n2", nil])
        names.endReading()
        names.beginReading()
        let gone = names.nameOwed(3)
        // Those who read only what counts learn it too.
        let again = [names.nameDue(1), names.nameDue(1)]
        #expect(gone == nil && again == ["n1", nil])
    }

    @Test func `Names come back from their records`() {
        var names = StatementNames()
        names.learn(-5, "a")
        let full = names.full()
        names.learn(7, "h1:b")
        let changes = names.changes()
        let none = names.changes()
        #expect(none == nil)
        let again = StatementNames(records: [full, changes!])
        #expect(again.name(-5) == "a" && again.name(7) == "h1:b")
        #expect(StatementNames(records: [[1, 200, 3]]).count == 0)
    }

    @Test func `What the server has long forgotten is forgotten`() {
        var names = StatementNames()
        for number in 0..<Int64(1_300) { names.learn(number, "n\(number)") }
        let early = names.prune(keeping: { [1] }, rows: 200)
        let late = names.prune(keeping: { [1, 2] }, rows: 100)
        #expect(!early && late)
        #expect(names.count == 2)
    }

    @Test func `A name is a fingerprint, and no secret goes into it`() {
        let one = StatementNaming.statement(
            .init(queryid: 1, text: "ALTER ROLE a PASSWORD 'canary'", fullLength: 30), instance: "i", seenAt: 5)
        let two = StatementNaming.statement(
            .init(queryid: 2, text: "ALTER ROLE a PASSWORD 'other'", fullLength: 29), instance: "i", seenAt: 5)
        #expect(one.name == two.name && one.name.utf8.count == 16)
        #expect(!one.text.contains("canary"))
        #expect(one.fullLength == 30 && one.parser == SQL.parserVersion)
    }

    @Test func `What cannot be parsed is named by a hash of its masked text`() {
        let one = StatementNaming.statement(
            .init(queryid: 1, text: "FROBNICATE 'canary'", fullLength: 19), instance: "i", seenAt: 5)
        let two = StatementNaming.statement(
            .init(queryid: 1, text: "FROBNICATE 'x'", fullLength: 14), instance: "i", seenAt: 5)
        #expect(one.name.hasPrefix("h1:") && one.name.utf8.count == 35)
        #expect(one.name == two.name)
    }

    @Test func `Long texts are cut between characters`() {
        let text = "SELECT " + String(repeating: "ä", count: 40_000)
        let cut = StatementNaming.cut(text)
        #expect(cut.utf8.count <= 65_536 && cut.utf8.count > 65_530)
        #expect(text.hasPrefix(cut))
    }

    @Test func `Columns of every major are found their place`() {
        let old = StatementColumns(
            [
                "userid:oid", "dbid:oid", "queryid:int8", "query:text", "calls:int8", "total_time:float8",
                "mean_time:float8",
                "stddev_time:float8", "blk_read_time:float8",
            ].map(Self.attribute))
        #expect(old.values.map(\.name) == ["calls", "total_exec_time", "shared_blk_read_time"])
        #expect(old.squares.map(\.deviationName) == ["stddev_exec_time"])
        #expect(old.selected == ["userid", "dbid", "queryid", "calls", "total_time", "stddev_time", "blk_read_time"])
        let new = StatementColumns(
            [
                "userid:oid", "dbid:oid", "toplevel:bool", "queryid:int8", "query:text", "calls:int8",
                "brand_new_blks_read:int8",
                "brand_new_time:float8", "new_flag:bool", "new_share:float8", "stats_since:timestamptz",
            ].map(Self.attribute))
        #expect(
            new.values.map(\.name) == ["calls", "brand_new_blks_read", "brand_new_time", "new_share", "stats_since"])
        #expect(new.values.map(\.unit) == [.count, .blocks, .nanoseconds, .none, .unixMicroseconds])
        #expect(new.toplevel == 3 && new.since != nil)
    }

    private static func attribute(_ text: String) -> ServerFacts.Attribute {
        let parts = text.split(separator: ":")
        return ServerFacts.Attribute(name: String(parts[0]), type: String(parts[1]))
    }

    @Test func `The sum of squares is that of the durations`() {
        // 1, 2 and 6 ms: mean 3, population deviation √(14/3).
        let sum = StatementColumns.sumOfSquares(count: 3, total: 9_000_000, deviation: (14.0 / 3).squareRoot())
        #expect(abs(sum - 41e12) < 1e6)
    }
}
