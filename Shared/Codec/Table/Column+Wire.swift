extension Column: Message {
    public static let name = "pganalytics.v1.Column"

    public func write(to writer: inout WireWriter) {
        writer.string(1, name)
        writer.enumeration(2, kind)
        writer.enumeration(3, unit)
        writer.enumeration(4, values.type)
        switch values {
        case .strings(let dictionary, let indexes):
            if let numbers = Hexadecimal.numbers(dictionary, indexes, nulls) {
                writer.packedFixed(11, numbers)
            } else {
                writer.strings(5, dictionary)
                writer.packedUnsigned(6, indexes)
            }
        case .integers(let integers):
            // Identities such as a queryid fill their 64 bits, and would take ten bytes each.
            if kind == .label, Column.isWide(integers) {
                writer.packedFixed(10, integers)
            } else {
                writer.packedSigned(7, integers)
            }
        case .doubles(let doubles):
            writer.packedDoubles(8, doubles)
        }
        writer.bytes(9, nulls?.bytes)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let start = reader.offset
        var name = ""
        var kind: ColumnKind?
        var unit = Unit.none
        var type: ValueType?
        var dictionary: [String] = []
        var indexes: [UInt32] = []
        var integers: [Int64] = []
        var doubles: [Double] = []
        var numbers: [UInt64] = []
        var nulls: [UInt8]?
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field)
            case 2: kind = try reader.enumeration(field, ColumnKind.self)
            case 3: unit = try reader.unit(field)
            case 4: type = try reader.enumeration(field, ValueType.self)
            case 5: dictionary.append(try reader.string(field))
            case 6: try reader.unsigned(field, into: &indexes)
            case 7: try reader.signed(field, into: &integers)
            case 8: try reader.doubles(field, into: &doubles)
            case 9: nulls = try reader.bytes(field)
            case 10: try reader.fixed(field, into: &integers)
            case 11: try reader.fixed(field, into: &numbers)
            default: try reader.skip(field)
            }
        }
        guard let kind, let type else {
            throw WireError(.missing, at: start, "column \(name) does not say its kind and type")
        }
        let values: Values
        switch type {
        case .text where !numbers.isEmpty:
            guard indexes.isEmpty else {
                throw WireError(.inconsistent, at: start, "column \(name) has its texts in two forms")
            }
            values = Hexadecimal.values(numbers)
        case .text:
            if let index = indexes.first(where: { $0 >= dictionary.count }) {
                throw WireError(
                    .inconsistent, at: start, "column \(name) has index \(index) into \(dictionary.count) texts")
            }
            values = .strings(dictionary: dictionary, indexes: indexes)
        case .integer: values = .integers(integers)
        case .double: values = .doubles(doubles)
        }
        self.init(name, kind, unit, values)
        if let nulls {
            guard let bitmap = Bitmap(count: values.count, bytes: nulls) else {
                throw WireError(
                    .inconsistent, at: start,
                    "column \(name) has \(nulls.count) bytes of nulls for \(values.count) rows")
            }
            self.nulls = bitmap
        }
    }

    /// Whether eight bytes a value are fewer than what varints would take.
    private static func isWide(_ integers: [Int64]) -> Bool {
        var size = 0
        for value in integers { size += Varint.size(Varint.zigzag(value)) }
        return size > 8 * integers.count
    }
}
