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
    var splitIntegers: [UInt8] = []
    var significantBits: UInt32 = 0

    /// From how many rows on large integers are split: a few are as short as varints, and a person can read those.
    static let splitRows = 32

    init() {}

    /// In the form that takes the fewest bytes once it is compressed.
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
            if !leavesOutZeros { choose(integers) }
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
        writer.bytes(8, splitIntegers)
        writer.uint32(9, significantBits)
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
            case 8: splitIntegers = try reader.bytes(field)
            case 9: significantBits = try reader.uint32(field)
            default: try reader.skip(field)
            }
        }
    }

    /// Eight bytes each where varints would take more: a negative number takes ten, and identities such as a queryid fill
    /// their 64 bits. Split where varints would take half as much again as a byte each, in enough rows, which is where it
    /// begins to be smaller after compression. Else varints.
    private mutating func choose(_ integers: [Int64]) {
        let any = integers.reduce(0, |)
        guard any >= 0x80 || any < 0 else { return self.integers = integers }
        var size = 0
        for value in integers { size += Varint.size(UInt64(bitPattern: value)) }
        if any < 0, size > 8 * integers.count {
            wideIntegers = integers
        } else if any < 0 || integers.count < Self.splitRows || 2 * size <= 3 * integers.count {
            self.integers = integers
        } else if let codes = Minifloat.codes(integers) {
            splitIntegers = SplitIntegers.bytes(codes)
            significantBits = UInt32(Minifloat.bits)
        } else {
            splitIntegers = SplitIntegers.bytes(integers)
        }
    }

    /// Whether the column is of integers that were left out for being zero in every row.
    var hasNoIntegers: Bool { integers.isEmpty && wideIntegers.isEmpty && splitIntegers.isEmpty }

    /// The integers of so many rows, whatever form they came in; none when they were left out.
    ///
    /// - Throws: what is wrong with them, for an error to name the column and the place.
    func integers(rows: Int) throws(Malformed) -> [Int64] {
        let forms = (integers.isEmpty ? 0 : 1) + (wideIntegers.isEmpty ? 0 : 1) + (splitIntegers.isEmpty ? 0 : 1)
        guard forms < 2 else { throw Malformed("has its values in two forms") }
        var read = integers.isEmpty ? wideIntegers : integers
        if !splitIntegers.isEmpty {
            guard let split = SplitIntegers.values(splitIntegers, rows: rows) else {
                throw Malformed("has \(splitIntegers.count) bytes of split integers for \(rows) rows")
            }
            read = split
        }
        guard significantBits != 0 else { return read }
        guard let values = Minifloat.values(read, bits: Int(significantBits)) else {
            throw Malformed("has codes of \(significantBits) significant bits that stand for no integer")
        }
        return values
    }

    /// What is wrong with a column.
    struct Malformed: Error {
        let what: String

        init(_ what: String) { self.what = what }
    }
}
