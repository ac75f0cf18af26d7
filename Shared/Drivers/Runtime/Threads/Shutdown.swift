import Synchronization

/// The wish that a process, or a part of it, ends in good order.
///
/// Whoever runs for long either waits for it, or asks ``isRequested`` between two pieces of work.
public final class Shutdown: Sendable {
    private struct State {
        var isRequested = false
        var next = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Waits whose task was cancelled before they were registered.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// One that nobody has requested yet.
    public init() {}

    /// Whether it was requested.
    public var isRequested: Bool { state.withLock { $0.isRequested } }

    /// Asks everybody to end; asking again does nothing.
    public func request() {
        let waiting = state.withLock { state in
            state.isRequested = true
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when it was requested, or the task is cancelled.
    public func wait() async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.cancelled.remove(id) != nil || state.isRequested { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiting.removeValue(forKey: id)
                if continuation == nil && !state.isRequested { state.cancelled.insert(id) }
                return continuation
            }
            continuation?.resume()
        }
        _ = state.withLock { $0.cancelled.remove(id) }
    }

    /// Sleeps, but not beyond the request or the cancellation of the task.
    public func sleep(for duration: Duration) async {
        guard !isRequested, duration > .zero else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: duration) }
            group.addTask { await self.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
