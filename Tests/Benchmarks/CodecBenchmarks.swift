import Codec
import Kafka
import Zstd

/// Bytes and speed of the sample table.
enum CodecBenchmarks {
    static func run(_ report: Report) async throws {
        guard report.wants("codec.") else { return }
        let recorded = try RecordedTables.statements()
        try size(report, recorded)
        try await speed(report, RecordedTables.asSent(recorded, from: 1))
    }

    /// Numbers that say that something moved: deltas that are not zero, and gauges that are not.
    private static func changed(_ table: Table) -> Int {
        table.columns.filter { $0.kind != .label }.reduce(0) { sum, column in
            sum + (0..<table.rowCount).count { (column.double($0) ?? 0) != 0 }
        }
    }

    /// Each as a batch of its own, as the producer compresses.
    private static func compressed(_ tables: [Table]) throws -> Double {
        let level = KafkaSettings.compressionLevel
        return Double(try tables.reduce(0) { $0 + (try Zstd.compress($1.encoded(), level: level, as: .stream).count) })
    }

    private static func size(_ report: Report, _ recorded: [Table]) throws {
        let tables = RecordedTables.asSent(recorded, from: 1)
        let samples = tables.reduce(0) { $0 + $1.sampleCount }
        let moved = tables.reduce(0) { $0 + changed($1) }
        let rows = tables.reduce(0) { $0 + $1.rowCount }
        // An hour: the names come with its first cycles, and with none of the others.
        let withNames = try compressed(RecordedTables.asSent(recorded, from: NameSchedule.period))
        let share = Double(tables.count) / Double(NameSchedule.period)
        let bytes = try compressed(tables) * (1 - share) + withNames * share
        let raw = Double(tables.reduce(0) { $0 + $1.encoded().count })
        let identity = try compressed(tables.map { only($0, labels: true) })
        let values = try compressed(tables.map { only($0, labels: false) })
        func ratio(_ bytes: Double, _ count: Int) -> String { (bytes / Double(count)).formatted(3) }
        let major = tables[0].serverVersion / 10_000
        let what = "PostgreSQL \(major), \(tables.count) cycles of 10 s, \(rows / tables.count) statements each"
        report.add(
            "codec.wire_bytes_per_sample", bytes / Double(samples), "bytes",
            "first bar 0.5; \(what), zstd \(KafkaSettings.compressionLevel) a message as the producer has it, queryid in every row, names once an hour (their share is in it); "
                + "values alone \(ratio(values, samples)), labels alone \(ratio(identity, samples)); "
                + "before zstd \(ratio(raw, samples))")
        report.add(
            "codec.wire_bytes_per_changed_sample", bytes / Double(moved), "bytes",
            "first bar 3; \((Double(moved) / Double(rows)).formatted(1)) of \(samples / rows) numbers of a row moved; "
                + "values alone \(ratio(values, moved))")
    }

    private static func only(_ table: Table, labels: Bool) -> Table {
        var part = table
        part.columns = table.columns.filter { ($0.kind == .label) == labels }
        return part
    }

    private static func speed(_ report: Report, _ tables: [Table]) async throws {
        let samples = Double(tables.reduce(0) { $0 + $1.sampleCount })
        var total = 0
        let encode = Timing.measure {
            for table in tables { total &+= table.encoded().count }
        }
        let messages = tables.map { $0.encoded() }
        let allocated = try await Allocations.count("encode", repetitions: 100)
        let bytes = Double(messages.reduce(0) { $0 + $1.count })
        let copied = copyRate(tables)
        report.add(
            "codec.encode_samples_per_s", samples / encode.median, "samples/s",
            "first bar 20 M, one core; best run \((samples / encode.best / 1e6).formatted(0)) M; "
                + "\(said(allocated)) a table; "
                + "\((bytes / encode.median / 1e6).formatted(0)) MB/s of wire; memory copies the columns at "
                + "\((copied / 1e6).formatted(0)) M samples/s")
        let decode = try Timing.measure {
            for message in messages { total &+= try Table.decode(message).rowCount }
        }
        let made = try await Allocations.count("decode", repetitions: 100)
        report.add(
            "codec.decode_samples_per_s", samples / decode.median, "samples/s",
            "first bar 20 M, one core; best run \((samples / decode.best / 1e6).formatted(0)) M; "
                + "\(said(made)) a table of \(tables[0].columns.count) columns; "
                + "\((bytes / decode.median / 1e6).formatted(0)) MB/s; memory copies the columns at "
                + "\((copied / 1e6).formatted(0)) M samples/s")
        let build = Timing.measure { total &+= rebuild(tables) }
        report.add(
            "codec.build_samples_per_s", samples / build.median, "samples/s",
            "rows set cell by cell in a TableBuilder and sorted, one core")
        precondition(total != 42, "Keeps the work from being left out.")
    }

    /// The limit: the same columns copied as they lie in memory, samples/s.
    private static func copyRate(_ tables: [Table]) -> Double {
        let columns = tables.flatMap(\.columns).compactMap { column -> [Int64]? in
            guard case .integers(let values) = column.values, column.kind != .label else { return nil }
            return values
        }
        var target = [Int64](repeating: 0, count: columns.map(\.count).max() ?? 0)
        var sum: Int64 = 0
        let time = Timing.measure(seconds: 0.3) {
            for values in columns {
                target.withUnsafeMutableBytes { bytes in
                    values.withUnsafeBytes { bytes.copyMemory(from: $0) }
                }
                sum &+= target[0]
            }
        }
        precondition(sum != 42, "Keeps the work from being left out.")
        return Double(columns.reduce(0) { $0 + $1.count }) / time.median
    }

    private static func said(_ allocations: Double?) -> String {
        allocations.map { "\($0.formatted(0)) allocations" } ?? "allocations not counted"
    }

    /// The work whose allocations are counted, in a process of its own.
    static func allocate(_ word: String, repetitions: Int) throws {
        let table = RecordedTables.asSent(try RecordedTables.statements(), from: 1)[0]
        let message = table.encoded()
        var total = 0
        try Allocations.traced {
            for _ in 0..<repetitions {
                total &+= word == "encode" ? table.encoded().count : try Table.decode(message).rowCount
            }
        }
        precondition(total != 42, "Keeps the work from being left out.")
    }

    /// What a collector does: every cell of every row.
    private static func rebuild(_ tables: [Table]) -> Int {
        var builder = TableBuilder(
            family: .statements, instance: "i", collector: "c", serverVersion: 170_011, reserving: 1_000)
        var rows = 0
        for table in tables {
            let columns = table.columns.compactMap { column -> (TableBuilder.Handle, [Int64])? in
                guard case .integers(let values) = column.values, let handle = builder.column(column.name) else {
                    return nil
                }
                return (handle, values)
            }
            for row in 0..<table.rowCount {
                for (handle, values) in columns { builder.set(handle, values[row]) }
                builder.endRow()
            }
            rows += builder.finish(time: table.time, interval: table.interval).rowCount
        }
        return rows
    }
}
