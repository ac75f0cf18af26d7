/// Rows of one key added together: the function of pg_stat_statements 1.8 on a server of 14 or newer gives a statement's
/// calls at top level and inside functions as two rows, and does not say which is which.
struct MergedRows: Sendable {
    private let columns: [ReadingColumn]
    private var places: [RowKey: Int] = [:]
    /// In the order of their first rows.
    private(set) var keys: [RowKey] = []
    private var values: [Int64] = []

    init(columns: [ReadingColumn]) { self.columns = columns }

    /// The values of the row of `keys[index]`.
    func row(_ index: Int) -> ArraySlice<Int64> {
        values[(index * columns.count)..<((index + 1) * columns.count)]
    }

    /// Adds a row: what is counted is summed up, of the extremes the outer one stays.
    mutating func add(_ key: RowKey, _ row: [Int64]) {
        guard let place = places[key] else {
            places[key] = keys.count
            keys.append(key)
            values += row
            return
        }
        for (index, column) in columns.enumerated() {
            let cell = place * columns.count + index
            values[cell] = Self.sum(values[cell], row[index], column)
        }
    }

    private static func sum(_ one: Int64, _ other: Int64, _ column: ReadingColumn) -> Int64 {
        guard one != missingValue, other != missingValue else { return one == missingValue ? other : one }
        switch column.kind {
        case .counter: return one &+ other
        case .doubleCounter:
            let sum = Double(bitPattern: UInt64(bitPattern: one)) + Double(bitPattern: UInt64(bitPattern: other))
            return Int64(bitPattern: sum.bitPattern)
        case .gauge: return column.name.hasPrefix("min_") ? min(one, other) : max(one, other)
        }
    }
}
