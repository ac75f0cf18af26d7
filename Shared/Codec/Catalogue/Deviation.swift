/// The standard deviation of what happened between two readings of lifetime statistics.
public enum Deviation {
    /// What the server keeps of a lifetime: how many, their sum and their standard deviation (of a population), both in nanoseconds.
    public struct Lifetime: Sendable, Equatable {
        public let count: Int64
        public let total: Double
        public let deviation: Double

        public init(count: Int64, total: Double, deviation: Double) {
            self.count = count
            self.total = total
            self.deviation = deviation
        }

        /// The sum of squares: count × (deviation² + mean²).
        var squares: Double {
            count > 0 ? Double(count) * deviation * deviation + total * total / Double(count) : 0
        }
    }

    /// The deviation, in nanoseconds, of those that came after `earlier`, rounded to seven significant bits, which
    /// is to within 0.8 %: more would cost bytes and say nothing. 0 when fewer than two came.
    public static func between(_ earlier: Lifetime, _ later: Lifetime) -> Int64 {
        // What a server says it counted is a number like any other.
        let (count, overflow) = later.count.subtractingReportingOverflow(earlier.count)
        guard count > 1, !overflow else { return 0 }
        let mean = (later.total - earlier.total) / Double(count)
        let variance = (later.squares - earlier.squares) / Double(count) - mean * mean
        // The difference of two large sums can come out a little below zero.
        guard variance > 0, variance.isFinite else { return 0 }
        return rounded(variance.squareRoot())
    }

    static func rounded(_ value: Double) -> Int64 {
        guard let whole = Int64(exactly: value.rounded()), whole > 0 else { return 0 }
        let shift = max(0, 64 - whole.leadingZeroBitCount - Minifloat.bits)
        guard shift > 0 else { return whole }
        return (((whole >> Int64(shift - 1)) + 1) >> 1) << Int64(shift)
    }
}
