extension Table: Message {
    public static let name = "pganalytics.v1.Table"

    public func write(to writer: inout WireWriter) {
        writer.string(1, family)
        writer.string(2, instance)
        writer.string(3, collector)
        writer.int64(4, time)
        writer.int64(5, interval)
        writer.int32(6, serverVersion)
        writer.uint32(7, UInt32(rowCount))
        writer.messages(8, columns)
        writer.bytes(9, quality.map { $0.map(\.rawValue) })
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            family: "", instance: "", collector: "", time: 0, interval: 0, serverVersion: 0, rowCount: 0, columns: [])
        var starts: [Int] = []
        while let field = try reader.next() {
            switch field.number {
            case 1: family = try reader.string(field)
            case 2: instance = try reader.string(field)
            case 3: collector = try reader.string(field)
            case 4: time = try reader.int64(field)
            case 5: interval = try reader.int64(field)
            case 6: serverVersion = try reader.int32(field)
            case 7: rowCount = Int(try reader.uint32(field))
            case 8:
                starts.append(field.offset)
                columns.append(try reader.message(field))
            case 9: quality = try Table.quality(try reader.bytes(field), field)
            default: try reader.skip(field)
            }
        }
        try check(starts, end: reader.offset)
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

    /// Every column has a value for every row, and a claimed number of rows is backed by columns that have them.
    private mutating func check(_ starts: [Int], end: Int) throws(WireError) {
        guard rowCount == 0 || !columns.isEmpty else {
            throw WireError(.inconsistent, at: end, "a table of \(rowCount) rows has no columns")
        }
        if let quality, quality.count != rowCount {
            throw WireError(.inconsistent, at: end, "\(quality.count) qualities for \(rowCount) rows")
        }
        for index in columns.indices {
            let column = columns[index]
            guard column.values.count == rowCount else {
                throw WireError(
                    .inconsistent, at: starts[index],
                    "column \(column.name) has \(column.values.count) values for \(rowCount) rows")
            }
            guard column.nulls.map({ $0.count == rowCount }) ?? true else {
                throw WireError(.inconsistent, at: starts[index], "column \(column.name) has nulls for other rows")
            }
        }
    }
}
