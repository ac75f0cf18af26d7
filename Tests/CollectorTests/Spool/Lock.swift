import Synchronization

/// A lock for a test's own counters.
final class Lock: Sendable {
    private let mutex = Mutex(())
    func locked<T>(_ body: () -> T) -> T { mutex.withLock { _ in body() } }
}
