extension Table: Message {
    public static let name = "pganalytics.v1.Table"

    /// How many columns of zeros may travel without values beside each that has them: what a reader allocates stays in
    /// proportion to what it reads.
    private static let zeroColumns = 16

    public func write(to writer: inout WireWriter) {
        writer.string(1, family)
        writer.string(2, instance)
        writer.string(3, collector)
        writer.int64(4, time)
        writer.int64(5, interval)
        writer.int32(6, serverVersion)
        writer.uint32(7, UInt32(rowCount))
        if !columns.isEmpty { writer.message(8, ColumnHeaders(columns)) }
        writer.bytes(9, quality.map { $0.map(\.rawValue) })
        let zero = columns.map(\.isZero)
        var left = zero.count { !$0 } * Self.zeroColumns
        for (column, isZero) in zip(columns, zero) {
            let leavesOut = isZero && left > 0
            if leavesOut { left -= 1 }
            writer.message(10, ColumnValues(column, leavesOutZeros: leavesOut))
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            family: "", instance: "", collector: "", time: 0, interval: 0, serverVersion: 0, rowCount: 0, columns: [])
        let start = reader.offset
        var headers = ColumnHeaders()
        var values: [(ColumnValues, Int)] = []
        while let field = try reader.next() {
            switch field.number {
            case 1: family = try reader.string(field)
            case 2: instance = try reader.string(field)
            case 3: collector = try reader.string(field)
            case 4: time = try reader.int64(field)
            case 5: interval = try reader.int64(field)
            case 6: serverVersion = try reader.int32(field)
            case 7: rowCount = Int(try reader.uint32(field))
            case 8: headers = try reader.message(field)
            case 9: quality = try Table.quality(try reader.bytes(field), field)
            case 10: values.append((try reader.message(field), field.offset))
            default: try reader.skip(field)
            }
        }
        try assemble(headers, values, start, reader.offset)
    }

    private static func quality(_ bytes: [UInt8], _ field: WireField) throws(WireError) -> [Quality] {
        var flags: [Quality] = []
        flags.reserveCapacity(bytes.count)
        for byte in bytes {
            guard let flag = Quality(rawValue: byte) else {
                throw WireError(.enumeration, at: field.offset, "\(byte) is no quality")
            }
            flags.append(flag)
        }
        return flags
    }

    /// Every column has a value for every row, and a claimed number of rows is backed by bytes.
    private mutating func assemble(
        _ headers: ColumnHeaders, _ values: [(ColumnValues, Int)], _ start: Int, _ end: Int
    ) throws(WireError) {
        let names = try headers.eachName(end)
        guard headers.count == values.count else {
            throw WireError(.inconsistent, at: end, "\(headers.count) columns with the values of \(values.count)")
        }
        guard rowCount == 0 || headers.count > 0 else {
            throw WireError(.inconsistent, at: end, "a table of \(rowCount) rows has no columns")
        }
        if let quality, quality.count != rowCount {
            throw WireError(.inconsistent, at: end, "\(quality.count) qualities for \(rowCount) rows")
        }
        let zeros = zip(headers.types, values).count { $0 == .integer && $1.0.hasNoIntegers }
        guard zeros * rowCount <= Self.zeroColumns * (end - start) else {
            throw WireError(.inconsistent, at: end, "\(zeros) columns of \(rowCount) rows come without values")
        }
        columns.reserveCapacity(headers.count)
        for (index, (values, place)) in values.enumerated() {
            columns.append(
                try Column(
                    names[index], headers.kinds[index], headers.units[index], headers.types[index], values,
                    rows: rowCount, at: place))
        }
    }
}
