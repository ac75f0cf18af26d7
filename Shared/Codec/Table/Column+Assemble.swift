extension Column {
    /// Whether every value is a whole zero: such a column travels without its values.
    var isZero: Bool {
        guard case .integers(let integers) = values else { return false }
        return integers.allSatisfy { $0 == 0 }
    }

    /// A column of what was read of it. `start` is where its values were, for errors.
    init(
        _ name: String, _ kind: ColumnKind, _ unit: Unit, _ type: ValueType, _ read: ColumnValues, rows: Int,
        at start: Int
    ) throws(WireError) {
        do throws(ColumnValues.Malformed) {
            self.init(name, kind, unit, try Self.values(type, read, rows))
            guard values.count == rows else { throw .init("has \(values.count) values for \(rows) rows") }
            if let bytes = read.nulls {
                guard let bitmap = Bitmap(count: rows, bytes: bytes) else {
                    throw .init("has \(bytes.count) bytes of nulls for \(rows) rows")
                }
                nulls = bitmap
            }
        } catch {
            throw WireError(.inconsistent, at: start, "column \(name) \(error.what)")
        }
    }

    private static func values(
        _ type: ValueType, _ read: ColumnValues, _ rows: Int
    ) throws(ColumnValues.Malformed) -> Values {
        switch type {
        case .integer where read.hasNoIntegers:
            // The table has checked that there is room for so many.
            return .integers([Int64](repeating: 0, count: rows))
        case .integer: return .integers(try read.integers(rows: rows))
        case .double: return .doubles(read.doubles)
        case .text where !read.hexadecimals.isEmpty:
            guard read.indexes.isEmpty else { throw .init("has its values in two forms") }
            return Hexadecimal.values(read.hexadecimals)
        case .text:
            if let index = read.indexes.first(where: { $0 >= read.dictionary.count }) {
                throw .init("has index \(index) into \(read.dictionary.count) texts")
            }
            return .strings(dictionary: read.dictionary, indexes: read.indexes)
        }
    }
}
