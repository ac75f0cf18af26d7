/// One column of a ``Table``: what it is and a value for each row.
public struct Column: Sendable, Equatable {
    /// The name, as the metric catalogue and the storage have it.
    public var name: String
    public var kind: ColumnKind
    public var unit: Unit
    public var values: Values
    /// The rows that have no value; nil when all have.
    public var nulls: Bitmap?

    public init(_ name: String, _ kind: ColumnKind, _ unit: Unit, _ values: Values, nulls: Bitmap? = nil) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.values = values
        self.nulls = nulls
    }

    /// Whether two columns say the same of every row, however their texts are coded and whatever lies in the place of a null.
    public static func == (left: Column, right: Column) -> Bool {
        guard left.name == right.name, left.kind == right.kind, left.unit == right.unit,
            left.values.type == right.values.type, left.values.count == right.values.count
        else { return false }
        for row in 0..<left.values.count {
            guard left.isNull(row) == right.isNull(row) else { return false }
            if left.isNull(row) { continue }
            switch (left.values, right.values) {
            case (.integers(let left), .integers(let right)): if left[row] != right[row] { return false }
            case (.doubles(let left), .doubles(let right)):
                if left[row].bitPattern != right[row].bitPattern { return false }
            case (.strings(let left, let leftIndexes), .strings(let right, let rightIndexes)):
                if left[Int(leftIndexes[row])] != right[Int(rightIndexes[row])] { return false }
            default: return false
            }
        }
        return true
    }

    /// Whether a row has no value.
    public func isNull(_ row: Int) -> Bool { nulls?[row] ?? false }

    /// A text; nil when null, or when the column holds numbers.
    public func string(_ row: Int) -> String? {
        guard case .strings(let dictionary, let indexes) = values, !isNull(row) else { return nil }
        return dictionary[Int(indexes[row])]
    }

    /// A whole number; nil when null, or when the column holds something else.
    public func integer(_ row: Int) -> Int64? {
        guard case .integers(let integers) = values, !isNull(row) else { return nil }
        return integers[row]
    }

    /// A number of either kind; nil when null or text.
    public func double(_ row: Int) -> Double? {
        guard !isNull(row) else { return nil }
        switch values {
        case .doubles(let doubles): return doubles[row]
        case .integers(let integers): return Double(integers[row])
        case .strings: return nil
        }
    }

    /// The rows of a range, with a dictionary of the texts that they use.
    func slice(_ rows: Range<Int>) -> Column {
        var slice = self
        switch values {
        case .integers(let integers): slice.values = .integers(Array(integers[rows]))
        case .doubles(let doubles): slice.values = .doubles(Array(doubles[rows]))
        case .strings(let dictionary, let indexes):
            var places = [UInt32?](repeating: nil, count: dictionary.count)
            var used: [String] = []
            let renumbered = indexes[rows].map { index in
                if let place = places[Int(index)] { return place }
                let place = UInt32(used.count)
                used.append(dictionary[Int(index)])
                places[Int(index)] = place
                return place
            }
            slice.values = .strings(dictionary: used, indexes: renumbered)
        }
        slice.nulls = nulls.map { $0.slice(rows) }
        if slice.nulls?.marked == 0 { slice.nulls = nil }
        return slice
    }
}
