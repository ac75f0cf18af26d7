/// How long to wait before the next try: doubling from a first wait to a limit, each wait shortened at random by up to
/// half, so that a fleet that lost its broker together does not come back together.
struct Backoff {
    private let first: Duration
    private let limit: Duration
    private(set) var attempts = 0

    init(first: Duration = .milliseconds(100), limit: Duration = .seconds(10)) {
        self.first = first
        self.limit = limit
    }

    /// The wait after one more failure; `random` is from 0 to 1.
    mutating func next(random: Double = .random(in: 0...1)) -> Duration {
        let doublings = min(attempts, 20)
        attempts += 1
        let full = min(first * (1 << doublings), limit)
        return full * (1 - random / 2)
    }

    mutating func reset() { attempts = 0 }
}
