import Runtime
import Synchronization

/// The result of `operation`, or nil when it took longer. The operation goes on by itself then: this is for calls of
/// librdkafka that cannot be cancelled and may hang.
func within<T: Sendable>(_ limit: Duration, _ operation: @escaping @Sendable () async -> T) async -> T? {
    let box = FirstOf<T>()
    return await withCheckedContinuation { continuation in
        box.set(continuation)
        let timer = Task {
            // Cancelled, the sleep ends at once, and that is no time-out.
            if (try? await Task.sleep(for: limit)) != nil { box.resume(nil) }
        }
        Task {
            let value = await operation()
            box.resume(value)
            timer.cancel()
        }
    }
}

/// A continuation that the first of several resumes.
private final class FirstOf<T: Sendable>: Sendable {
    private let continuation = Mutex<CheckedContinuation<T?, Never>?>(nil)

    func set(_ new: CheckedContinuation<T?, Never>) { continuation.withLock { $0 = new } }

    func resume(_ value: T?) {
        let taken = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        taken?.resume(returning: value)
    }
}

extension Duration {
    /// Whole milliseconds, never negative, at most what an `Int32` holds.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: max(0, seconds * 1_000 + attoseconds / 1_000_000_000_000_000))
    }

    /// As a number of seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Threads that hang inside librdkafka, kept so that nobody joins them. What they work on they keep themselves.
enum LeftBehind {
    private static let threads = Mutex<[DedicatedThread]>([])
    static func keep(_ thread: DedicatedThread) { threads.withLock { $0.append(thread) } }
}
