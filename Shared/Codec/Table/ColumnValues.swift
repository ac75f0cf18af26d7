/// A column's values as they travel: in one of several forms.
struct ColumnValues: Message {
    static let name = "pganalytics.v1.Values"

    var dictionary: [String] = []
    var indexes: [UInt32] = []
    var integers: [Int64] = []
    var doubles: [Double] = []
    var nulls: [UInt8]?
    var wideIntegers: [Int64] = []
    var hexadecimals: [UInt64] = []

    init() {}

    /// The form that takes the fewest bytes; the values are shared, not copied.
    init(_ column: Column, leavesOutZeros: Bool) {
        nulls = column.nulls?.bytes
        switch column.values {
        case .strings(let dictionary, let indexes):
            if let numbers = Hexadecimal.numbers(dictionary, indexes, column.nulls) {
                hexadecimals = numbers
            } else {
                self.dictionary = dictionary
                self.indexes = indexes
            }
        case .integers(let integers):
            if leavesOutZeros { return }
            if Self.isWide(integers) {
                wideIntegers = integers
            } else {
                self.integers = integers
            }
        case .doubles(let doubles): self.doubles = doubles
        }
    }

    func write(to writer: inout WireWriter) {
        writer.strings(1, dictionary)
        writer.packedUnsigned(2, indexes)
        writer.packedIntegers(3, integers)
        writer.packedDoubles(4, doubles)
        writer.bytes(5, nulls)
        writer.packedFixed(6, wideIntegers)
        writer.packedFixed(7, hexadecimals)
    }

    init(from reader: inout WireReader) throws(WireError) {
        while let field = try reader.next() {
            switch field.number {
            case 1: dictionary.append(try reader.string(field))
            case 2: try reader.unsigned(field, into: &indexes)
            case 3: try reader.integers(field, into: &integers)
            case 4: try reader.doubles(field, into: &doubles)
            case 5: nulls = try reader.bytes(field)
            case 6: try reader.fixed(field, into: &wideIntegers)
            case 7: try reader.fixed(field, into: &hexadecimals)
            default: try reader.skip(field)
            }
        }
    }

    /// Whether eight bytes a value are fewer than what varints would take: a negative number takes ten, and identities such
    /// as a queryid fill their 64 bits.
    private static func isWide(_ integers: [Int64]) -> Bool {
        guard integers.reduce(0, |) < 0 else { return false }
        var size = 0
        for value in integers { size += Varint.size(UInt64(bitPattern: value)) }
        return size > 8 * integers.count
    }
}
