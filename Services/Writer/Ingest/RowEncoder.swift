import Codec
import Postgres

/// Turns columnar tables into rows of `COPY … BINARY`.
///
/// Columns are read one after the other and rows written one after the other: a few rows at a time go through a block
/// small enough for the nearest cache. Nothing is allocated for a sample.
struct RowEncoder: ~Copyable {
    private static let blockRows = 64
    private static let null: UInt8 = 0
    private static let number: UInt8 = 1
    private static let text: UInt8 = 2

    private var values: [UInt64] = []
    private var kinds: [UInt8] = []

    /// Writes every row of a table.
    mutating func encode(
        _ table: borrowing Table, instance: Int32, layout: FamilyLayout, into writer: inout BinaryCopyWriter
    ) {
        let width = layout.columns.count
        // Its one column is the family's name, and no column of the message.
        let isOther = layout.table == FamilyLayout.other.table
        var sources = [Column?](repeating: nil, count: width)
        var extras: [Column] = []
        for column in table.columns {
            if !isOther, let place = layout.place(of: column), sources[place] == nil {
                sources[place] = column
            } else {
                extras.append(column)
            }
        }
        // All dictionaries one after the other, so that a cell is one number.
        var texts: [String] = []
        var firstText = [Int](repeating: 0, count: width)
        for (place, source) in sources.enumerated() {
            guard case .strings(let dictionary, _)? = source?.values else { continue }
            firstText[place] = texts.count
            texts += dictionary
        }
        if isOther { texts.append(table.family) }
        if values.count < width * Self.blockRows {
            values = [UInt64](repeating: 0, count: width * Self.blockRows)
            kinds = [UInt8](repeating: 0, count: width * Self.blockRows)
        }
        let (time, interval, quality) = (table.time, table.interval, table.quality)
        var start = 0
        while start < table.rowCount {
            let rows = start..<min(start + Self.blockRows, table.rowCount)
            for place in 0..<width {
                let asDouble = layout.columns[place].type == .double
                fill(place, width, sources[place], asDouble: asDouble, firstText[place], rows)
            }
            if isOther { fillAll(0, width, UInt64(texts.count - 1), rows.count) }
            for row in rows {
                writer.row(columns: width + 5)
                writer.timestamp(time)
                writer.int32(instance)
                writer.int64(interval)
                writer.int16(Int16((quality?[row] ?? .ok).rawValue))
                emit((row - start) * width, width, texts, &writer)
                if extras.isEmpty { writer.null() } else { Self.extra(extras, row, &writer) }
            }
            start = rows.upperBound
        }
    }

    /// Puts a column's rows into the block.
    private mutating func fill(
        _ place: Int, _ width: Int, _ source: Column?, asDouble: Bool, _ firstText: Int, _ rows: Range<Int>
    ) {
        values.withUnsafeMutableBufferPointer { values in
            kinds.withUnsafeMutableBufferPointer { kinds in
                var cell = place
                guard let source else {
                    for _ in rows {
                        kinds[cell] = Self.null
                        cell += width
                    }
                    return
                }
                switch source.values {
                case .integers(let numbers):
                    for row in rows {
                        values[cell] = asDouble ? Double(numbers[row]).bitPattern : UInt64(bitPattern: numbers[row])
                        kinds[cell] = Self.number
                        cell += width
                    }
                case .doubles(let numbers):
                    for row in rows {
                        values[cell] = numbers[row].bitPattern
                        kinds[cell] = Self.number
                        cell += width
                    }
                case .strings(_, let indexes):
                    for row in rows {
                        values[cell] = UInt64(firstText + Int(indexes[row]))
                        kinds[cell] = Self.text
                        cell += width
                    }
                }
                guard let nulls = source.nulls else { return }
                cell = place
                for row in rows {
                    if nulls[row] { kinds[cell] = Self.null }
                    cell += width
                }
            }
        }
    }

    private mutating func fillAll(_ place: Int, _ width: Int, _ value: UInt64, _ count: Int) {
        for row in 0..<count {
            values[row * width + place] = value
            kinds[row * width + place] = Self.text
        }
    }

    /// Writes one row of the block.
    private func emit(_ start: Int, _ width: Int, _ texts: [String], _ writer: inout BinaryCopyWriter) {
        values.withUnsafeBufferPointer { values in
            kinds.withUnsafeBufferPointer { kinds in
                for cell in start..<(start + width) {
                    switch kinds[cell] {
                    case Self.number: writer.int64(Int64(bitPattern: values[cell]))
                    case Self.text: writer.text(texts[Int(values[cell])])
                    default: writer.null()
                    }
                }
            }
        }
    }

    /// What the table has no column for, as a JSON object.
    private static func extra(_ columns: [Column], _ row: Int, _ writer: inout BinaryCopyWriter) {
        var json = JSONText()
        json.beginObject()
        for column in columns where !column.isNull(row) {
            json.key(column.name)
            switch column.values {
            case .integers(let numbers): json.number(numbers[row])
            case .doubles(let numbers): json.number(numbers[row])
            case .strings(let dictionary, let indexes): json.string(dictionary[Int(indexes[row])])
            }
        }
        json.endObject()
        writer.jsonb(json.text)
    }
}
