extension Column {
    /// Whether every value is a whole zero: such a column travels without its values.
    var isZero: Bool {
        guard case .integers(let integers) = values else { return false }
        return integers.allSatisfy { $0 == 0 }
    }

    /// A column of what was read of it. `start` is where its values were, for errors.
    init(_ header: ColumnHeader, _ values: ColumnValues, rows: Int, at start: Int) throws(WireError) {
        self.init(header.name, header.kind, header.unit, try Self.values(header, values, rows, start))
        guard self.values.count == rows else {
            throw WireError(
                .inconsistent, at: start, "column \(name) has \(self.values.count) values for \(rows) rows")
        }
        if let bytes = values.nulls {
            guard let bitmap = Bitmap(count: rows, bytes: bytes) else {
                throw WireError(
                    .inconsistent, at: start, "column \(name) has \(bytes.count) bytes of nulls for \(rows) rows")
            }
            nulls = bitmap
        }
    }

    private static func values(
        _ header: ColumnHeader, _ read: ColumnValues, _ rows: Int, _ start: Int
    ) throws(WireError) -> Values {
        switch header.type {
        case .integer where read.integers.isEmpty && read.wideIntegers.isEmpty:
            // The table has checked that there is room for so many.
            return .integers([Int64](repeating: 0, count: rows))
        case .integer:
            guard read.integers.isEmpty || read.wideIntegers.isEmpty else {
                throw WireError(.inconsistent, at: start, "column \(header.name) has its values in two forms")
            }
            return .integers(read.integers.isEmpty ? read.wideIntegers : read.integers)
        case .double: return .doubles(read.doubles)
        case .text where !read.hexadecimals.isEmpty:
            guard read.indexes.isEmpty else {
                throw WireError(.inconsistent, at: start, "column \(header.name) has its values in two forms")
            }
            return Hexadecimal.values(read.hexadecimals)
        case .text:
            if let index = read.indexes.first(where: { $0 >= read.dictionary.count }) {
                throw WireError(
                    .inconsistent, at: start,
                    "column \(header.name) has index \(index) into \(read.dictionary.count) texts")
            }
            return .strings(dictionary: read.dictionary, indexes: read.indexes)
        }
    }
}
