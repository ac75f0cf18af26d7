import Codec
import Postgres

/// pg_stat_database: what was counted for each database, the difference to the reading before.
struct DatabaseFamily: Sendable {
    private struct Source: Sendable {
        var name: String
        var kind: ReadingKind
        var unit: Unit
        var conversion: StatementColumns.Conversion
    }

    private var attributes: [ServerFacts.Attribute] = []
    private var sources: [Source] = []
    private var delta = CounterDelta(columns: [])
    private var records: [[UInt8]]?
    private var labels: [Int64: String] = [:]
    private let state: String

    init(instance: String, recovered records: [[UInt8]]?) {
        self.records = records
        state = Self.stateName(instance)
    }

    static func stateName(_ instance: String) -> String { StateName.reading(instance, "database") }

    mutating func read(
        _ connection: inout PostgresConnection, _ context: ReadingContext, wantsFull: Bool
    ) async throws(PostgresError) -> FamilyReading {
        let isNew = adopt(context.facts.databaseColumns)
        let list = sources.map { "d.\"\($0.name)\"" }.joined(separator: ", ")
        let result = try await connection.query(
            "SELECT clock_timestamp(), d.datid, d.datname::text, d.stats_reset, \(list) FROM pg_stat_database d",
            timeout: context.timeout)
        guard result.rowCount > 0 else { return FamilyReading() }
        let head = context.head(serverTime: try result.timestamp(0, 0) ?? 0)
        var builder = context.builder(.database)
        let label = builder.add("datname", .label, .none, .text)
        let handles = sources.map {
            builder.add(
                $0.name, $0.kind == .gauge ? .gauge : .counter, $0.unit, $0.kind == .doubleCounter ? .double : .integer)
        }
        let reset = builder.column("stats_reset")
        delta.begin(head)
        let interval = delta.interval
        let isFirst = delta.head == nil
        var row = [Int64](repeating: 0, count: sources.count)
        var leftOut = 0
        for index in 0..<result.rowCount {
            let oid = try result.int(index, 1) ?? 0
            let since = try result.timestamp(index, 3)
            for (place, source) in sources.enumerated() {
                row[place] = try Self.value(result, index, place + 4, source.conversion) ?? missingValue
            }
            let outcome = delta.row(RowKey(first: oid), since: since ?? 0, row)
            guard outcome != .unmoved else {
                leftOut += 1
                continue
            }
            builder.set(label, try result.text(index, 2) ?? "")
            if let reset, let since { builder.set(reset, since) }
            // A gauge is what it is, whether it changed or not.
            for (place, source) in sources.enumerated() where source.kind == .gauge && row[place] != missingValue {
                builder.set(handles[place], row[place])
            }
            switch outcome {
            case .moved(let quality):
                for (place, source) in sources.enumerated()
                where source.kind != .gauge && delta.deltas[place] != missingValue {
                    if source.kind == .doubleCounter {
                        builder.set(handles[place], Double(bitPattern: UInt64(bitPattern: delta.deltas[place])))
                    } else {
                        builder.set(handles[place], delta.deltas[place])
                    }
                }
                builder.endRow(quality)
            case .unknown(let quality): builder.endRow(quality)
            case .unmoved: break
            }
        }
        // A database that is gone was dropped: there is nothing to say of it any more.
        _ = delta.end()
        let table = builder.finish(time: head.serverTime, interval: interval)
        let full = wantsFull || isNew || isFirst
        let record = SpoolState(
            name: state, kind: full ? .full : .increment, records: [full ? delta.full() : delta.changes()])
        return FamilyReading(tables: [table], states: [record], rows: table.rowCount, leftOut: leftOut)
    }

    private mutating func adopt(_ attributes: [ServerFacts.Attribute]) -> Bool {
        guard self.attributes != attributes || records != nil else { return false }
        self.attributes = attributes
        sources = attributes.compactMap { Self.source($0) }
        let columns = sources.map { ReadingColumn(name: $0.name, kind: $0.kind) }
        defer { records = nil }
        if let records, let recovered = CounterDelta(columns: columns, records: records) {
            delta = recovered
            return false
        }
        if delta.columns == columns { return false }
        delta = CounterDelta(columns: columns)
        return true
    }

    /// What becomes of a column; `nil` for what is no value, or a label.
    private static func source(_ attribute: ServerFacts.Attribute) -> Source? {
        let known = Family.database.column(attribute.name)
        if ["datid", "datname", "stats_reset"].contains(attribute.name) { return nil }
        switch attribute.type {
        case "int4", "int8", "numeric":
            return Source(
                name: attribute.name, kind: known?.kind == .gauge ? .gauge : .counter, unit: known?.unit ?? .count,
                conversion: .integer)
        case "float8" where attribute.name.hasSuffix("_time"):
            return Source(name: attribute.name, kind: .counter, unit: .nanoseconds, conversion: .milliseconds)
        case "float8": return Source(name: attribute.name, kind: .doubleCounter, unit: .none, conversion: .double)
        case "timestamptz":
            return Source(name: attribute.name, kind: .gauge, unit: .unixMicroseconds, conversion: .timestamp)
        default: return nil
        }
    }

    private static func value(
        _ result: borrowing QueryResult, _ row: Int, _ column: Int, _ conversion: StatementColumns.Conversion
    ) throws(PostgresError) -> Int64? {
        switch conversion {
        case .integer: try result.int(row, column)
        case .milliseconds: nanoseconds(try result.double(row, column))
        case .timestamp: try result.timestamp(row, column)
        case .double: try result.double(row, column).map { Int64(bitPattern: $0.bitPattern) }
        }
    }
}
