import Codec
import Testing

@Suite struct SplitTests {
    private func table(_ rows: Int, text: Int) -> Table {
        var builder = TableBuilder(
            family: .cycle, instance: "i", collector: "c", serverVersion: 170_011, reserving: rows)
        let (message, up) = (builder.column("message")!, builder.column("duration")!)
        for row in 0..<rows {
            builder.set(message, String(repeating: "x", count: row % 7 == 0 ? text : 3) + String(row))
            builder.set(up, Int64(row))
            builder.endRow(row == 5 ? .reset : .ok)
        }
        return builder.finish(time: 1, interval: 2)
    }

    @Test func `A table within the limit stays whole`() {
        let table = table(100, text: 10)
        #expect(table.split() == [table])
    }

    @Test(arguments: [(50_000, 3), (2_000, 30_000), (300, 32_000), (2, 32_768)])
    func `Pieces are whole tables within the limit that hold every row once`(_ rows: Int, _ text: Int) throws {
        let table = table(rows, text: text)
        let pieces = table.split(limit: 100_000)
        #expect(pieces.count > (rows > 2 ? 1 : 0))
        var row = 0
        for piece in pieces {
            let bytes = piece.encoded()
            #expect(bytes.count <= 100_000)
            let read = try Table.decode(bytes)
            #expect(read == piece)
            #expect(read.family == table.family && read.time == 1 && read.interval == 2)
            for inside in 0..<read.rowCount {
                #expect(read.integer("duration", inside) == Int64(row))
                #expect(read.string("message", inside) == table.string("message", row))
                #expect(read.quality(inside) == table.quality(row))
                row += 1
            }
        }
        #expect(row == rows)
    }

    @Test func `A row of the longest texts fits in a message by itself`() {
        for family in Catalogue.families {
            var builder = TableBuilder(family: family, instance: "i", collector: "c", serverVersion: 1)
            for column in family.columns where column.type == .text {
                builder.set(builder.column(column.name)!, String(repeating: column.name.first!, count: 100_000))
            }
            builder.endRow()
            #expect(builder.finish(time: 1, interval: 0).encoded().count <= Table.messageLimit, "\(family.name)")
        }
    }
}
