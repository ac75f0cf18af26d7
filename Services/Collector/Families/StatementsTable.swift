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
            handles.append(builder.add(squares.name, .counter, .squareNanoseconds, .double))
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
            for place in 0..<count where deltas[place] != missingValue {
                if columns.values[place].type == .double {
                    builder.set(handles[place], Double(bitPattern: UInt64(bitPattern: deltas[place])))
                } else {
                    builder.set(handles[place], deltas[place])
                }
            }
            for (offset, squares) in columns.squares.enumerated() {
                let (total, calls) = (deltas[squares.total], deltas[squares.count])
                guard total != missingValue, calls != missingValue, deltas[count + offset] != missingValue else { continue }
                let sum = Double(bitPattern: UInt64(bitPattern: deltas[count + offset]))
                // The server's deviation is rounded, so the difference of two large sums can fall below what is possible:
                // n durations of this total have no smaller sum of squares than n equal ones.
                let least = calls > 0 ? Double(total) * Double(total) / Double(calls) : 0
                builder.set(handles[count + offset], calls > 0 ? max(sum, least) : 0)
            }
        }
        builder.endRow(quality)
    }

    mutating func finish(time: Int64, interval: Int64) -> Table { builder.finish(time: time, interval: interval) }
}
