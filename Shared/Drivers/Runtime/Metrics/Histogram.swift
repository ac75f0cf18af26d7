import Synchronization

/// How often which sizes occurred. Made by ``MetricRegistry/histogram(_:help:labels:buckets:)``; keep the handle.
public final class Histogram: Sendable {
    /// Upper bounds in seconds that suit most latencies.
    public static let latencyBuckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    struct State {
        var counts: [Int]
        var sum = 0.0
    }

    let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "Bucket bounds must ascend.")
        self.bounds = bounds
        self.state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    /// Counts one value.
    public func observe(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[index] += 1
            $0.sum += value
        }
    }

    /// Counts one duration, in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) / 1e18)
    }

    /// How many were counted, and their sum.
    public var total: (count: Int, sum: Double) { state.withLock { ($0.counts.reduce(0, +), $0.sum) } }

    func snapshot() -> State { state.withLock { $0 } }
}
