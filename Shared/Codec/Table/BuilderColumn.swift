/// A column that a ``TableBuilder`` is filling. Only the array of its type is used.
struct BuilderColumn: Sendable {
    let name: String
    let kind: ColumnKind
    let unit: Unit
    let type: ValueType
    var integers: [Int64] = []
    var doubles: [Double] = []
    private var indexes: [UInt32] = []
    private var dictionary: [String] = []
    private var places: [String: UInt32] = [:]
    private var nulls = Bitmap()
    private var nullCount = 0

    init(name: String, kind: ColumnKind, unit: Unit, type: ValueType) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.type = type
    }

    private var count: Int {
        switch type {
        case .integer: integers.count
        case .double: doubles.count
        case .text: indexes.count
        }
    }

    mutating func reserve(_ rows: Int) {
        switch type {
        case .integer: integers.reserveCapacity(rows)
        case .double: doubles.reserveCapacity(rows)
        case .text: indexes.reserveCapacity(rows)
        }
    }

    @inline(__always)
    mutating func set(_ value: Int64, row: Int) {
        switch type {
        case .integer:
            if integers.count == row { integers.append(value); nulls.append(false) } else { replace(value, row) }
        case .double: set(Double(value), row: row)
        case .text: break
        }
    }

    @inline(__always)
    mutating func set(_ value: Double, row: Int) {
        switch type {
        case .double:
            pad(to: row)
            if doubles.count == row { doubles.append(value); nulls.append(false) } else { doubles[row] = value }
        case .integer:
            if let whole = Int64(exactly: value.rounded()) { set(whole, row: row) }
        case .text: break
        }
    }

    mutating func set(_ value: String, row: Int) {
        guard type == .text else { return }
        pad(to: row)
        let place = place(value)
        if indexes.count == row { indexes.append(place); nulls.append(false) } else { indexes[row] = place }
    }

    private mutating func replace(_ value: Int64, _ row: Int) {
        pad(to: row)
        if integers.count == row { integers.append(value); nulls.append(false) } else { integers[row] = value }
    }

    private mutating func place(_ value: String) -> UInt32 {
        if let place = places[value] { return place }
        let text = value.utf8.count > TableBuilder.textLimit ? Self.cut(value) : value
        let place = UInt32(dictionary.count)
        places[value] = place
        dictionary.append(text)
        return place
    }

    /// The longest beginning of whole characters within the limit.
    private static func cut(_ value: String) -> String {
        var end = value.utf8.index(value.startIndex, offsetBy: TableBuilder.textLimit)
        while end.samePosition(in: value.unicodeScalars) == nil { end = value.utf8.index(before: end) }
        return String(value[..<end])
    }

    /// Gives the rows before `row` that were not set a null.
    mutating func pad(to row: Int) {
        while count < row {
            switch type {
            case .integer: integers.append(0)
            case .double: doubles.append(0)
            case .text: indexes.append(0)
            }
            nulls.append(true)
            nullCount += 1
        }
    }

    mutating func adopt(_ bitmap: Bitmap?, count: Int) {
        nulls = bitmap ?? Bitmap(count: count)
        nullCount = nulls.marked
    }

    /// Puts the rows into another order.
    mutating func reorder(_ order: [Int]) {
        guard count > 0 else { return }
        pad(to: order.count)
        switch type {
        case .integer: integers = order.map { integers[$0] }
        case .double: doubles = order.map { doubles[$0] }
        case .text: indexes = order.map { indexes[$0] }
        }
        guard nullCount > 0 else { return }
        var moved = Bitmap(count: order.count)
        for (place, row) in order.enumerated() where nulls[row] { moved[place] = true }
        nulls = moved
    }

    /// Forgets a cell of a row that was not ended.
    mutating func truncate(_ rows: Int) {
        guard count > rows else { return }
        switch type {
        case .integer: integers.removeSubrange(rows...)
        case .double: doubles.removeSubrange(rows...)
        case .text: indexes.removeSubrange(rows...)
        }
        nulls = nulls.slice(0..<rows)
    }

    /// The column of so many rows, or nil when none of them has a value; then forgets them.
    mutating func finish(_ rows: Int) -> Column? {
        pad(to: rows)
        defer {
            integers.removeAll(keepingCapacity: true)
            doubles.removeAll(keepingCapacity: true)
            indexes.removeAll(keepingCapacity: true)
            dictionary.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
            nulls = Bitmap()
            nullCount = 0
        }
        guard nullCount < rows else { return nil }
        let values: Values =
            switch type {
            case .integer: .integers(integers)
            case .double: .doubles(doubles)
            case .text: .strings(dictionary: dictionary, indexes: indexes)
            }
        return Column(name, kind, unit, values, nulls: nullCount > 0 ? nulls : nil)
    }
}
