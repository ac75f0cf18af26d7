/// What the columns of a ``Table`` are: the part of each ``Column`` that says so on the wire, apart from its values. Of a list for
/// names, kinds, units and types compression leaves a third of what it leaves of a message a column.
struct ColumnHeaders: Message {
    static let name = "pganalytics.v1.Columns"

    /// With a space between two, which no name holds (``TableBuilder/add(_:_:_:_:)``).
    var names = ""
    var kinds: [ColumnKind] = []
    var units: [Unit] = []
    var types: [ValueType] = []

    init() {}

    init(_ columns: [Column]) {
        names = columns.map(\.name).joined(separator: " ")
        kinds = columns.map(\.kind)
        units = columns.map(\.unit)
        types = columns.map(\.values.type)
    }

    /// How many columns.
    var count: Int { kinds.count }

    func write(to writer: inout WireWriter) {
        writer.string(1, names)
        writer.packedEnumerations(2, kinds)
        writer.packedEnumerations(3, units)
        writer.packedEnumerations(4, types)
    }

    init(from reader: inout WireReader) throws(WireError) {
        while let field = try reader.next() {
            switch field.number {
            case 1: names = try reader.string(field)
            case 2: try reader.enumerations(field, into: &kinds)
            case 3: try reader.units(field, into: &units)
            case 4: try reader.enumerations(field, into: &types)
            default: try reader.skip(field)
            }
        }
    }

    /// The names one by one.
    ///
    /// - Throws: `inconsistent` unless every list is as long as the others. `end` is the place that the error names.
    func eachName(_ end: Int) throws(WireError) -> [String] {
        // By bytes, for finding whole characters takes longer than everything else that is read of a table.
        let names =
            count == 0 && names.isEmpty
            ? [] : names.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard names.count == count, units.count == count, types.count == count else {
            throw WireError(
                .inconsistent, at: end,
                "\(names.count) names of columns with \(count) kinds, \(units.count) units and \(types.count) types")
        }
        return names.map { String(Substring($0)) }
    }
}
