import Codec

/// Fills the table of a cycle's statements.
struct StatementsTable {
    private var builder: TableBuilder
    private let columns: StatementColumns
    private let names: ObjectNames
    private let role: Int64
    private let hasToplevel: Bool
    private let database, username, queryid, toplevel, name, ours: TableBuilder.Handle
    private var handles: [TableBuilder.Handle] = []

    init(_ context: ReadingContext, _ columns: StatementColumns, _ names: ObjectNames) {
        var builder = context.builder(.statements)
        database = builder.add("database", .label, .none, .text)
        username = builder.add("username", .label, .none, .text)
        queryid = builder.add("queryid", .label, .none, .integer)
        toplevel = builder.add("toplevel", .label, .boolean, .integer)
        name = builder.add("name", .label, .none, .text)
        ours = builder.add("ours", .label, .boolean, .integer)
        for value in columns.values {
            handles.append(builder.add(value.name, value.kind == .gauge ? .gauge : .counter, value.unit, value.type))
        }
        for squares in columns.squares {
            handles.append(builder.add(squares.deviationName, .gauge, .nanoseconds, .integer))
        }
        self.builder = builder
        self.columns = columns
        self.names = names
        role = context.facts.role
        hasToplevel = columns.toplevel != nil
    }

    /// A row: its labels, and its deltas when they are known.
    mutating func add(_ key: RowKey, deltas: [Int64]?, _ quality: Quality, name statement: String?) {
        builder.set(database, names.database(key.second))
        builder.set(username, names.role(key.first))
        builder.set(queryid, key.third)
        if hasToplevel { builder.set(toplevel, key.fourth) }
        if let statement { builder.set(name, statement) }
        builder.set(ours, Int64(key.first == role ? 1 : 0))
        if let deltas {
            let count = columns.values.count
            for place in 0..<count {
                if columns.values[place].kind == .gauge {
                    // What a row says of a lifetime is 0 while it stays what it was.
                    builder.set(handles[place], deltas[place] == missingValue ? 0 : deltas[place])
                } else if deltas[place] == missingValue {
                    continue
                } else if columns.values[place].type == .double {
                    builder.set(handles[place], Double(bitPattern: UInt64(bitPattern: deltas[place])))
                } else {
                    builder.set(handles[place], deltas[place])
                }
            }
            for (offset, squares) in columns.squares.enumerated() {
                if let deviation = Self.deviation(deltas, squares, sum: count + offset) {
                    builder.set(handles[count + offset], deviation)
                }
            }
        }
        builder.endRow(quality)
    }

    /// The standard deviation of what happened in the interval, of the difference of the sums of squares.
    private static func deviation(_ deltas: [Int64], _ squares: StatementColumns.Squares, sum place: Int) -> Int64? {
        let (total, count) = (deltas[squares.total], deltas[squares.count])
        guard total != missingValue, count != missingValue, deltas[place] != missingValue else { return nil }
        guard count > 1 else { return 0 }
        let mean = Double(total) / Double(count)
        let variance = Double(bitPattern: UInt64(bitPattern: deltas[place])) / Double(count) - mean * mean
        // The server's deviation is rounded: the difference of two large sums can fall below what is possible.
        let own = Deviation.Lifetime(
            count: count, total: Double(total), deviation: variance > 0 ? variance.squareRoot() : 0)
        return Deviation.between(Deviation.Lifetime(count: 0, total: 0, deviation: 0), own)
    }

    mutating func finish(time: Int64, interval: Int64) -> Table { builder.finish(time: time, interval: interval) }
}
