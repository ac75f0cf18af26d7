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

    /// The tables as a collector sends them from a cycle of its own on: rows in the family's order, names by its schedule.
    /// It has seen every statement in its first cycle, which is number 0.
    static func asSent(_ tables: [Table], from cycle: Int) -> [Table] {
        var schedule = NameSchedule()
        for table in tables {
            for row in 0..<table.rowCount { _ = schedule.isDue(table.integer("queryid", row) ?? 0, cycle: 0) }
        }
        return tables.enumerated().map { number, table in
            var builder = TableBuilder(
                family: .statements, instance: table.instance, collector: table.collector,
                serverVersion: table.serverVersion, reserving: table.rowCount)
            for row in 0..<table.rowCount {
                let named = schedule.isDue(table.integer("queryid", row) ?? 0, cycle: cycle + number)
                for column in table.columns where named || column.name != "name" {
                    guard let handle = builder.column(column.name), !column.isNull(row) else { continue }
                    switch column.values {
                    case .integers(let values): builder.set(handle, values[row])
                    case .doubles(let values): builder.set(handle, values[row])
                    case .strings(let dictionary, let indexes): builder.set(handle, dictionary[Int(indexes[row])])
                    }
                }
                builder.endRow()
            }
            return builder.finish(time: table.time, interval: table.interval)
        }
    }
}
