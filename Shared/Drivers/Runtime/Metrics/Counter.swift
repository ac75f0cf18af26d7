import Synchronization

/// A number that only grows. Made by ``MetricRegistry/counter(_:help:labels:)``; keep the handle.
public final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    init() {}

    /// Adds `amount`, which is not negative.
    public func add(_ amount: Int = 1) {
        precondition(amount >= 0, "A counter never goes down.")
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// The number now.
    public var value: Int { count.load(ordering: .relaxed) }
}
