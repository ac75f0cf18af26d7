import Codec
import Testing

@Suite struct TableBuilderTests {
    private static let family = Family(
        name: "f", kind: .counter, intervalSeconds: 10, description: "",
        columns: [
            FamilyColumn("who", .label, .none, .text, ""), FamilyColumn("n", .counter, .count, .integer, ""),
            FamilyColumn("x", .gauge, .none, .double, ""),
        ])

    private func builder(_ family: Family = family) -> TableBuilder {
        TableBuilder(family: family, instance: "i", collector: "c", serverVersion: 1)
    }

    @Test func `Cells that are not set are null`() throws {
        var builder = builder()
        let (who, n, x) = (builder.column("who")!, builder.column("n")!, builder.column("x")!)
        builder.set(who, "a")
        builder.set(n, 1)
        builder.endRow()
        builder.set(x, 2.5)
        builder.endRow(.first)
        builder.set(who, "a")
        builder.endRow()
        let table = builder.finish(time: 10, interval: 5)
        #expect(table.rowCount == 3)
        #expect((0..<3).map { table.string("who", $0) } == ["a", nil, "a"])
        #expect((0..<3).map { table.integer("n", $0) } == [1, nil, nil])
        #expect((0..<3).map { table.double("x", $0) } == [nil, 2.5, nil])
        #expect((0..<3).map { table.quality($0) } == [.ok, .first, .ok])
        #expect(table.sampleCount == 2)
        #expect(try Table.decode(table.encoded()) == table)
    }

    @Test func `A column that no row has is left out, and all exact needs no flags`() {
        var builder = builder()
        builder.set(builder.column("n")!, 1)
        builder.endRow()
        let table = builder.finish(time: 1, interval: 1)
        #expect(table.columns.map(\.name) == ["n"])
        #expect(table.quality == nil)
        #expect(builder.column("absent") == nil)
    }

    @Test func `A builder goes on with nothing of the table before`() {
        var builder = builder()
        builder.set(builder.column("who")!, "a")
        builder.endRow(.reset)
        _ = builder.finish(time: 1, interval: 1)
        builder.set(builder.column("n")!, 2)
        builder.endRow()
        let table = builder.finish(time: 2, interval: 1)
        #expect(table.rowCount == 1 && table["who"] == nil && table.integer("n", 0) == 2 && table.quality == nil)
    }

    @Test func `A dropped row leaves nothing behind`() {
        var builder = builder()
        let n = builder.column("n")!
        builder.set(n, 1)
        builder.endRow()
        builder.set(n, 2)
        builder.set(builder.column("who")!, "gone")
        builder.dropRow()
        builder.set(n, 3)
        builder.endRow()
        let table = builder.finish(time: 1, interval: 1)
        #expect((0..<2).map { table.integer("n", $0) } == [1, 3])
        #expect(table["who"] == nil)
    }

    @Test func `A cell set twice holds the second`() {
        var builder = builder()
        builder.set(builder.column("n")!, 1)
        builder.set(builder.column("n")!, 2)
        builder.endRow()
        #expect(builder.finish(time: 1, interval: 1).integer("n", 0) == 2)
    }

    @Test func `Numbers are converted to the column's kind`() {
        var builder = builder()
        builder.set(builder.column("n")!, 2.6)
        builder.set(builder.column("x")!, Int64(3))
        builder.endRow()
        builder.set(builder.column("n")!, Double.nan)
        builder.set(builder.column("x")!, "text")
        builder.endRow()
        let table = builder.finish(time: 1, interval: 1)
        #expect(table.integer("n", 0) == 3 && table.double("x", 0) == 3)
        #expect(table.integer("n", 1) == nil && table.double("x", 1) == nil)
    }

    @Test func `A column that the catalogue does not know travels too`() throws {
        var builder = builder()
        let new = builder.add("brand_new", .counter, .bytes, .integer)
        #expect(builder.add("brand_new", .counter, .bytes, .integer) == new)
        builder.set(new, 7)
        builder.endRow()
        let table = try Table.decode(builder.finish(time: 1, interval: 1).encoded())
        #expect(table["brand_new"] == Column("brand_new", .counter, .bytes, .integers([7])))
    }

    @Test func `A space in a name that came from a server divides no names`() throws {
        var builder = builder()
        let odd = builder.add("my own view", .gauge, .none, .integer)
        let none = builder.add("", .gauge, .none, .integer)
        builder.set(odd, 7)
        builder.set(none, 8)
        builder.endRow()
        let table = try Table.decode(builder.finish(time: 1, interval: 1).encoded())
        #expect(table.integer("my_own_view", 0) == 7 && table.integer("", 0) == 8)
    }

    @Test func `Long texts are cut between characters`() {
        var builder = builder()
        builder.set(builder.column("who")!, "a" + String(repeating: "é", count: 20_000))
        builder.endRow()
        let text = builder.finish(time: 1, interval: 1).string("who", 0)!
        #expect(text.utf8.count == TableBuilder.textLimit - 1)
        #expect(text.last == "é")
    }

    @Test func `Rows come in the family's order, largest first, with their cells and flags`() {
        var builder = builder(.statements)
        let (time, queryid, database) = (
            builder.column("total_exec_time")!, builder.column("queryid")!, builder.column("database")!
        )
        for (id, nanoseconds) in [(1, 5), (2, 50), (3, 5), (4, 500)] as [(Int64, Int64)] {
            builder.set(queryid, id)
            builder.set(time, nanoseconds)
            if id == 2 { builder.set(database, "d") }
            builder.endRow(id == 4 ? .reset : .ok)
        }
        let table = builder.finish(time: 1, interval: 1)
        #expect((0..<4).map { table.integer("queryid", $0) } == [4, 2, 1, 3])
        #expect((0..<4).map { table.string("database", $0) } == [nil, "d", nil, nil])
        #expect((0..<4).map { table.quality($0) } == [.reset, .ok, .ok, .ok])
    }

    @Test func `Rows in which the same columns moved come together`() {
        var builder = builder(.statements)
        let (time, wal, read) = (
            builder.column("total_exec_time")!, builder.column("wal_records")!, builder.column("shared_blks_read")!
        )
        for (nanoseconds, written, fetched) in [(1, 0, 0), (9, 3, 0), (5, 0, 2), (7, 0, 0), (3, 1, 1)]
            as [(Int, Int, Int)]
        {
            builder.set(time, nanoseconds)
            if written > 0 { builder.set(wal, written) }
            builder.set(read, fetched)
            builder.endRow()
        }
        let table = builder.finish(time: 1, interval: 1)
        #expect((0..<5).map { table.integer("total_exec_time", $0) } == [7, 1, 9, 5, 3])
        #expect((0..<5).map { table.integer("wal_records", $0) } == [nil, nil, 3, nil, 1])
    }

    @Test func `Whole columns are filled at once`() {
        var builder = builder()
        builder.fill(builder.column("n")!, [1, 2, 3] as [Int64])
        builder.fill(builder.column("x")!, [1, 2, 3] as [Double], nulls: Bitmap(count: 3, bytes: [0b010]))
        builder.endRows(3)
        let table = builder.finish(time: 1, interval: 1)
        #expect(table.rowCount == 3 && table.sampleCount == 5 && table.double("x", 1) == nil)
    }
}
