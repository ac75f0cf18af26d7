import Codec

/// How the columns of a server's pg_stat_statements become those of the family: made once a session from the server's own
/// catalogue, so that a column that a new major adds travels, and nothing is asked for that is not there.
struct StatementColumns: Sendable {
    /// What a cell is.
    enum Conversion: Sendable {
        /// A whole number.
        case integer
        /// Milliseconds with a fraction, which count whole nanoseconds.
        case milliseconds
        case double
        case timestamp
    }

    /// A value and where it comes from.
    struct Value: Sendable {
        var name: String
        var kind: ReadingKind
        var unit: Unit
        var type: ValueType
        var source: Int
        var conversion: Conversion
    }

    /// A sum of squares, which the server has as a standard deviation of a lifetime. Sums can be subtracted, so the
    /// interval's own deviation comes of them.
    struct Squares: Sendable {
        var name: String
        /// What the interval's deviation is called.
        var deviationName: String
        /// Places among the values of the total and of the count, and in the answer of the deviation.
        var total: Int
        var count: Int
        var deviation: Int
    }

    /// What is selected, in this order.
    private(set) var selected: [String] = []
    private(set) var values: [Value] = []
    private(set) var squares: [Squares] = []
    private(set) var toplevel: Int?
    private(set) var since: Int?
    /// The places of userid, dbid and queryid in the answer.
    static let user = 0
    static let database = 1
    static let query = 2

    /// The names of before 13 and of before 17, whose columns counted the same thing.
    private static let renamed = [
        "total_time": "total_exec_time", "min_time": "min_exec_time", "max_time": "max_exec_time",
        "mean_time": "mean_exec_time", "stddev_time": "stddev_exec_time", "blk_read_time": "shared_blk_read_time",
        "blk_write_time": "shared_blk_write_time",
    ]

    init(_ attributes: [ServerFacts.Attribute]) {
        selected = ["userid", "dbid", "queryid"]
        var deviations: [String: Int] = [:]
        for attribute in attributes where !selected.contains(attribute.name) {
            let name = Self.renamed[attribute.name] ?? attribute.name
            // A mean is total ÷ calls.
            if name == "query" || name.hasPrefix("mean_") { continue }
            let place = selected.count
            switch attribute.type {
            case "bool":
                guard name == "toplevel" else { continue }
                toplevel = place
            case "timestamptz":
                if name == "stats_since" { since = place }
                values.append(
                    Value(
                        name: name, kind: .gauge, unit: .unixMicroseconds, type: .integer, source: place,
                        conversion: .timestamp))
            case "float8" where name.hasPrefix("stddev_"): deviations[name] = place
            case "float8" where name.hasSuffix("_time"):
                values.append(
                    Value(
                        name: name, kind: Self.isExtreme(name) ? .gauge : .counter, unit: .nanoseconds, type: .integer,
                        source: place, conversion: .milliseconds))
            case "float8":
                values.append(
                    Value(
                        name: name, kind: .doubleCounter, unit: .none, type: .double, source: place, conversion: .double
                    ))
            case "int8", "int4", "numeric":
                values.append(
                    Value(
                        name: name, kind: Self.isExtreme(name) ? .gauge : .counter, unit: Self.unit(name),
                        type: .integer,
                        source: place, conversion: .integer))
            default: continue
            }
            selected.append(attribute.name)
        }
        for (name, deviation, total, count) in [
            ("exec_sum_sq", "stddev_exec_time", "total_exec_time", "calls"),
            ("plan_sum_sq", "stddev_plan_time", "total_plan_time", "plans"),
        ] {
            guard let source = deviations[deviation], let total = values.firstIndex(where: { $0.name == total }),
                let count = values.firstIndex(where: { $0.name == count })
            else { continue }
            squares.append(Squares(name: name, deviationName: deviation, total: total, count: count, deviation: source))
        }
    }

    private static func isExtreme(_ name: String) -> Bool { name.hasPrefix("min_") || name.hasPrefix("max_") }

    private static func unit(_ name: String) -> Unit {
        if let known = Family.statements.column(name) { return known.unit }
        if name.hasSuffix("_bytes") { return .bytes }
        if name.contains("_blks_") { return .blocks }
        return .count
    }

    /// The columns of a reading: the values, then the sums of squares.
    var reading: [ReadingColumn] {
        values.map { ReadingColumn(name: $0.name, kind: $0.kind) }
            + squares.map { ReadingColumn(name: $0.name, kind: .doubleCounter) }
    }

    /// The sum of squares of `count` durations with this total (ns) and this population standard deviation (ms).
    ///
    /// pg_stat_statements keeps the sum of squared differences from the mean (Welford) and shows √(it ÷ calls); so the sum
    /// of squares is deviation² × calls + total² ÷ calls. Sums can be subtracted from one another and added up over any
    /// window, deviations cannot.
    static func sumOfSquares(count: Int64, total: Int64, deviation: Double) -> Double {
        guard count > 0 else { return 0 }
        let nanoseconds = deviation * 1e6
        let total = Double(total)
        return nanoseconds * nanoseconds * Double(count) + total * total / Double(count)
    }
}
