import Codec
import Foundation
import Zstd

/// Tables recorded from a loaded server (see `README.md`): cycles of 10 s, one table each, as a collector made them but with the
/// name in every row.
enum RecordedTables {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "Recorded")

    static func statements() throws -> [Table] {
        try read(directory.appendingPathComponent("statements.tables.zst"))
    }

    static func write(_ tables: [Table], to url: URL) throws {
        var writer = WireWriter()
        for table in tables { writer.bytes(1, table.encoded()) }
        try Data(try Zstd.compress(writer.bytes, level: 19)).write(to: url)
    }

    static func read(_ url: URL) throws -> [Table] {
        let bytes = try Zstd.decompress(Array(try Data(contentsOf: url)), limit: 64 << 20)
        var reader = WireReader(bytes.span.bytes)
        var tables: [Table] = []
        while let field = try reader.next() { tables.append(try Table.decode(try reader.bytes(field))) }
        return tables
    }

    /// The tables as a collector sends them: names by its schedule, an hour after it began.
    static func asSent(_ tables: [Table]) -> [Table] {
        var schedule = NameSchedule()
        // The hour before: every statement was there.
        var ids: Set<Int64> = []
        for table in tables {
            for row in 0..<table.rowCount { ids.insert(table.integer("queryid", row) ?? 0) }
        }
        for cycle in 0..<NameSchedule.period {
            for id in ids { _ = schedule.isDue(id, cycle: cycle) }
        }
        return tables.enumerated().map { number, table in
            var sent = table
            guard let index = table.columns.firstIndex(where: { $0.name == "name" }) else { return table }
            var nulls = Bitmap(count: table.rowCount)
            for row in 0..<table.rowCount {
                let id = table.integer("queryid", row) ?? 0
                nulls[row] =
                    table.columns[index].isNull(row) || !schedule.isDue(id, cycle: NameSchedule.period + number)
            }
            sent.columns[index] = thinned(table.columns[index], nulls)
            if nulls.marked == table.rowCount { sent.columns.remove(at: index) }
            return sent
        }
    }

    /// The column with only the texts that are left in its dictionary, as a builder would make it.
    private static func thinned(_ column: Column, _ nulls: Bitmap) -> Column {
        guard case .strings(let dictionary, let indexes) = column.values else { return column }
        var used: [String] = []
        let places = indexes.indices.map { row -> UInt32 in
            if nulls[row] { return 0 }
            used.append(dictionary[Int(indexes[row])])
            return UInt32(used.count - 1)
        }
        return Column(column.name, column.kind, column.unit, .strings(dictionary: used, indexes: places), nulls: nulls)
    }
}
