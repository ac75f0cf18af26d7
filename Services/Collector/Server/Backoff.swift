/// How long to leave a server alone that cannot be connected to. Pure: the random number comes from outside.
struct Backoff: Sendable {
    let first: Duration
    let last: Duration
    private(set) var failures = 0

    init(first: Duration, last: Duration) {
        self.first = first
        self.last = last
    }

    /// It failed again. Doubles from `first` up to `last`, less up to a quarter so that a fleet does not come back in step.
    mutating func failed(random: Double) -> Duration {
        failures += 1
        let doubled = first * Double(1 << min(failures - 1, 20))
        return min(doubled, last) * (1 - 0.25 * min(max(random, 0), 1))
    }

    mutating func succeeded() { failures = 0 }
}

extension Duration {
    fileprivate static func * (duration: Duration, factor: Double) -> Duration {
        let (seconds, attoseconds) = duration.components
        return .nanoseconds(Int64((Double(seconds) * 1e9 + Double(attoseconds) * 1e-9) * factor))
    }

    /// Whole microseconds.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
