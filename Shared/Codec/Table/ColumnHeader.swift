/// What a column is: the part of a ``Column`` that says so on the wire, apart from its values, for the headers of all columns side
/// by side compress to half of what they take one by one.
struct ColumnHeader: Message {
    static let name = "pganalytics.v1.Column"

    var name = ""
    var kind = ColumnKind.gauge
    var unit = Unit.none
    var type = ValueType.integer

    init(_ column: Column) {
        name = column.name
        kind = column.kind
        unit = column.unit
        type = column.values.type
    }

    func write(to writer: inout WireWriter) {
        writer.string(1, name)
        writer.enumeration(2, kind)
        writer.enumeration(3, unit)
        writer.enumeration(4, type)
    }

    init(from reader: inout WireReader) throws(WireError) {
        let start = reader.offset
        var kind: ColumnKind?
        var type: ValueType?
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field)
            case 2: kind = try reader.enumeration(field, ColumnKind.self)
            case 3: unit = try reader.unit(field)
            case 4: type = try reader.enumeration(field, ValueType.self)
            default: try reader.skip(field)
            }
        }
        guard let kind, let type else {
            throw WireError(.missing, at: start, "column \(name) does not say its kind and type")
        }
        self.kind = kind
        self.type = type
    }
}
