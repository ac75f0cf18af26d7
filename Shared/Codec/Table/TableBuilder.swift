/// Makes a ``Table`` row by row, or column by column, without an allocation a sample.
///
///     var builder = TableBuilder(family: .statements, instance: "a", collector: "c", serverVersion: 170011)
///     let calls = builder.column("calls")!
///     builder.set(calls, 12)
///     builder.endRow()
///     let table = builder.finish(time: now, interval: 10_000_000)
///
/// A cell that is not set is null. Rows come out in the family's order (``Family/sortedBy``). A column in which no row has a value is left out: a server that does not have it sends nothing.
public struct TableBuilder: Sendable {
    /// A column of this builder, looked up once and not for each cell.
    public struct Handle: Sendable, Equatable { let index: Int }

    /// Texts are cut to this many bytes, so that a row of them always fits in a message.
    public static let textLimit = 32_768

    private let family: String
    private let instance: String
    private let collector: String
    private let serverVersion: Int32
    private let sortedBy: Int?
    private let groupedBy: [Int]
    private var columns: [BuilderColumn]
    private var places: [String: Int] = [:]
    private var quality: [Quality] = []
    private var flagged = false
    /// How many rows were ended.
    public private(set) var rowCount = 0

    /// A table of a family's columns.
    public init(
        family: Family, instance: String, collector: String, serverVersion: Int32, reserving rows: Int = 0
    ) {
        self.family = family.name
        self.instance = instance
        self.collector = collector
        self.serverVersion = serverVersion
        sortedBy = family.sortedBy.flatMap { name in family.columns.firstIndex { $0.name == name } }
        groupedBy = family.groupedBy.compactMap { name in family.columns.firstIndex { $0.name == name } }
        columns = []
        columns.reserveCapacity(family.columns.count)
        for column in family.columns {
            places[column.name] = columns.count
            columns.append(
                BuilderColumn(name: column.name, kind: column.kind, unit: column.unit, type: column.type))
            columns[columns.count - 1].reserve(rows)
        }
        quality.reserveCapacity(rows)
    }

    /// The column of a name, if the family has it or ``add(_:_:_:_:)`` made it.
    public func column(_ name: String) -> Handle? { places[name].map { Handle(index: $0) } }

    /// A column that the catalogue does not know, such as one that a new major of PostgreSQL has. A space in its name becomes
    /// `_`: a space is what is between two names on the wire.
    public mutating func add(_ name: String, _ kind: ColumnKind, _ unit: Unit, _ type: ValueType) -> Handle {
        let name = name.utf8.contains(UInt8(ascii: " ")) ? name.replacing(" ", with: "_") : name
        if let place = places[name] { return Handle(index: place) }
        places[name] = columns.count
        columns.append(BuilderColumn(name: name, kind: kind, unit: unit, type: type))
        return Handle(index: columns.count - 1)
    }

    /// Sets a cell of the row that is being made. In a column of doubles the number is converted.
    public mutating func set(_ column: Handle, _ value: Int64) {
        columns[column.index].set(value, row: rowCount)
    }

    /// As the one before; whole numbers without a type are this.
    public mutating func set(_ column: Handle, _ value: Int) {
        set(column, Int64(value))
    }

    /// Sets a cell of the row that is being made. In a column of integers the number is rounded; beyond their range it stays null.
    public mutating func set(_ column: Handle, _ value: Double) {
        columns[column.index].set(value, row: rowCount)
    }

    /// Sets a cell of the row that is being made. In a column of numbers it stays null.
    public mutating func set(_ column: Handle, _ value: String) {
        columns[column.index].set(value, row: rowCount)
    }

    /// Ends the row.
    public mutating func endRow(_ flag: Quality = .ok) {
        rowCount += 1
        quality.append(flag)
        if flag != .ok { flagged = true }
    }

    /// Forgets the cells of the row that is being made.
    public mutating func dropRow() {
        for index in columns.indices { columns[index].truncate(rowCount) }
    }

    /// A whole column of integers; the rows are ended by ``endRows(_:)``.
    public mutating func fill(_ column: Handle, _ values: [Int64], nulls: Bitmap? = nil) {
        precondition(columns[column.index].type == .integer, "A column of integers is filled with integers.")
        columns[column.index].integers = values
        columns[column.index].adopt(nulls, count: values.count)
    }

    /// A whole column of doubles; the rows are ended by ``endRows(_:)``.
    public mutating func fill(_ column: Handle, _ values: [Double], nulls: Bitmap? = nil) {
        precondition(columns[column.index].type == .double, "A column of doubles is filled with doubles.")
        columns[column.index].doubles = values
        columns[column.index].adopt(nulls, count: values.count)
    }

    /// Ends as many rows as columns were filled with.
    public mutating func endRows(_ count: Int) {
        rowCount += count
        quality.append(contentsOf: repeatElement(.ok, count: count))
    }

    /// Puts the rows into the family's order, which is stable: largest first.
    private mutating func sort() {
        guard let sortedBy, rowCount > 1 else { return }
        columns[sortedBy].pad(to: rowCount)
        let keys = columns[sortedBy].integers
        guard keys.count == rowCount else { return }
        var groups = [UInt8](repeating: 0, count: rowCount)
        for (bit, column) in groupedBy.enumerated() {
            for (row, value) in columns[column].integers.enumerated() where value != 0 {
                groups[row] |= 0x80 >> UInt8(bit)
            }
        }
        var order = [Int](0..<rowCount)
        order.sort { left, right in
            if groups[left] != groups[right] { return groups[left] < groups[right] }
            return keys[left] != keys[right] ? keys[left] > keys[right] : left < right
        }
        for index in columns.indices { columns[index].reorder(order) }
        if flagged { quality = order.map { quality[$0] } }
    }

    /// The table of the rows that were ended. The builder can go on with the next one: it keeps its memory and forgets its rows.
    public mutating func finish(time: Int64, interval: Int64) -> Table {
        dropRow()
        sort()
        var finished: [Column] = []
        finished.reserveCapacity(columns.count)
        for index in columns.indices {
            if let column = columns[index].finish(rowCount) { finished.append(column) }
        }
        let table = Table(
            family: family, instance: instance, collector: collector, time: time, interval: interval,
            serverVersion: serverVersion, rowCount: finished.isEmpty ? 0 : rowCount, columns: finished,
            quality: flagged && !finished.isEmpty ? quality : nil)
        rowCount = 0
        quality.removeAll(keepingCapacity: true)
        flagged = false
        return table
    }
}
