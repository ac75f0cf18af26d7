/// How a reading is written down: in full, or as what changed. Whole numbers as zigzag varints of their differences, which
/// for a statement that moved a little is a byte a column; doubles as the bits that changed.
extension CounterDelta {
    private enum Row {
        static let insert: UInt64 = 1
        static let update: UInt64 = 2
        static let remove: UInt64 = 3
        /// No row: the reading showed a role's rows only, which the key begins with.
        static let onlyRole: UInt64 = 4
    }

    /// All of it.
    func full() -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(256 + rowCount * (columns.count * 3 + 24))
        writer.count(columns.count)
        for column in columns {
            writer.string(column.name)
            writer.varint(UInt64(column.kind.rawValue))
        }
        Self.write(head ?? ReadingHead(), to: &writer)
        writeCount(rowCount, to: &writer)
        for (key, slot) in slots {
            let values = values[(Int(slot) * columns.count)..<((Int(slot) + 1) * columns.count)]
            Self.writeInsert(key, sinces[Int(slot)], values, columns, to: &writer)
        }
        return writer.bytes
    }

    /// What ``begin(_:)`` to ``end()`` changed.
    func changes() -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(increment.bytes.count + 128)
        Self.write(head ?? ReadingHead(), to: &writer)
        writeCount(incrementRows, to: &writer)
        writer.bytes += increment.bytes
        return writer.bytes
    }

    /// How many rows follow, and before them what the reading hid.
    private func writeCount(_ rows: Int, to writer: inout ByteWriter) {
        guard let role = head?.onlyRole else { return writer.count(rows) }
        writer.count(rows + 1)
        writer.varint(Row.onlyRole)
        Self.write(RowKey(first: role), to: &writer)
    }

    /// The state that a full record and the changes since make; `nil` when that record is of other columns than `columns`
    /// (the server was upgraded) or not readable.
    init?(columns: [ReadingColumn], records: [[UInt8]]) {
        self.init(columns: columns)
        guard let first = records.first else { return nil }
        do throws(MalformedBytes) {
            var reader = ByteReader(first)
            let count = try reader.count()
            guard count == columns.count else { return nil }
            for column in columns {
                let name = try reader.string()
                let kind = try reader.varint()
                guard name == column.name, kind == UInt64(column.kind.rawValue) else { return nil }
            }
            try apply(&reader)
            for record in records.dropFirst() {
                var reader = ByteReader(record)
                try apply(&reader)
            }
        } catch {
            return nil
        }
    }

    private mutating func apply(_ reader: inout ByteReader) throws(MalformedBytes) {
        var head = try Self.readHead(&reader)
        var row = [Int64](repeating: 0, count: columns.count)
        for _ in 0..<(try reader.count()) {
            let operation = try reader.varint()
            let key = RowKey(
                first: try reader.zigzag(), second: try reader.zigzag(), third: try reader.zigzag(),
                fourth: try reader.zigzag())
            switch operation {
            case Row.onlyRole: head.onlyRole = key.first
            case Row.remove: restoreRemoval(key)
            case Row.insert:
                let since = try reader.zigzag()
                for column in columns.indices { row[column] = try Self.value(&reader, columns[column].kind, from: 0) }
                restore(key, since: since, row)
            case Row.update:
                guard let slot = slots[key].map(Int.init) else { throw MalformedBytes(offset: reader.at) }
                for column in columns.indices {
                    row[column] = try Self.value(
                        &reader, columns[column].kind, from: values[slot * columns.count + column])
                }
                restore(key, since: sinces[slot], row)
            default: throw MalformedBytes(offset: reader.at)
            }
        }
        restore(head: head)
    }

    mutating func writeInsert(_ slot: Int) {
        // A first reading is written in full.
        guard head != nil else { return }
        incrementRows += 1
        let values = values[(slot * columns.count)..<((slot + 1) * columns.count)]
        Self.writeInsert(keys[slot], sinces[slot], values, columns, to: &increment)
    }

    mutating func writeUpdate(_ slot: Int, _ new: [Int64]) {
        incrementRows += 1
        increment.varint(Row.update)
        Self.write(keys[slot], to: &increment)
        for column in new.indices {
            Self.write(new[column], columns[column].kind, from: values[slot * columns.count + column], to: &increment)
        }
    }

    mutating func writeRemove(_ key: RowKey) {
        incrementRows += 1
        increment.varint(Row.remove)
        Self.write(key, to: &increment)
    }

    /// (Given its parts and not the whole state, of which `writer` is one: that would copy the writer's bytes each time.)
    private static func writeInsert(
        _ key: RowKey, _ since: Int64, _ values: ArraySlice<Int64>, _ columns: [ReadingColumn],
        to writer: inout ByteWriter
    ) {
        writer.varint(Row.insert)
        write(key, to: &writer)
        writer.zigzag(since)
        for (value, column) in zip(values, columns) { write(value, column.kind, from: 0, to: &writer) }
    }

    private static func write(_ key: RowKey, to writer: inout ByteWriter) {
        writer.zigzag(key.first)
        writer.zigzag(key.second)
        writer.zigzag(key.third)
        writer.zigzag(key.fourth)
    }

    private static func write(_ new: Int64, _ kind: ReadingKind, from old: Int64, to writer: inout ByteWriter) {
        if kind == .doubleCounter {
            writer.varint(UInt64(bitPattern: new ^ old))
        } else {
            writer.zigzag(new &- old)
        }
    }

    private static func value(
        _ reader: inout ByteReader, _ kind: ReadingKind, from old: Int64
    ) throws(MalformedBytes) -> Int64 {
        if kind == .doubleCounter { return Int64(bitPattern: try reader.varint()) ^ old }
        return old &+ (try reader.zigzag())
    }

    private static func write(_ head: ReadingHead, to writer: inout ByteWriter) {
        writer.zigzag(head.systemIdentifier)
        writer.zigzag(head.serverStart)
        writer.zigzag(head.statsReset ?? missingValue)
        writer.zigzag(head.evictions ?? missingValue)
        writer.zigzag(head.serverTime)
        writer.zigzag(head.monotonic)
        writer.zigzag(head.boot)
    }

    private static func readHead(_ reader: inout ByteReader) throws(MalformedBytes) -> ReadingHead {
        var head = ReadingHead()
        head.systemIdentifier = try reader.zigzag()
        head.serverStart = try reader.zigzag()
        let reset = try reader.zigzag()
        head.statsReset = reset == missingValue ? nil : reset
        let evictions = try reader.zigzag()
        head.evictions = evictions == missingValue ? nil : evictions
        head.serverTime = try reader.zigzag()
        head.monotonic = try reader.zigzag()
        head.boot = try reader.zigzag()
        return head
    }
}
