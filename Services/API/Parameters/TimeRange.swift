/// A range of time in microseconds: after `from`, up to and including `to`. A delta that ends at `to` lies inside.
struct TimeRange: Sendable, Equatable {
    var from: Int64
    var to: Int64

    /// The longest range that is answered.
    static let longest: Int64 = 400 * 86_400_000_000

    /// From the parameters `from` and `to`; by default the hour before `now`.
    init(_ parameters: Parameters, now: Int64) throws(Problem) {
        to = parameters.time("to") ?? now
        from = parameters.time("from") ?? to - 3_600_000_000
        guard from < to else {
            throw .badParameter("from", "The range is empty: from is not before to.", remedy: "Give a from before to.")
        }
        guard to - from <= Self.longest else {
            throw .badParameter("from", "The range is longer than 400 days.", remedy: "Ask for a shorter range.")
        }
    }

    init(from: Int64, to: Int64) {
        self.from = from
        self.to = to
    }
}
