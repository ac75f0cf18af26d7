import Synchronization

/// Wakes one waiting task; a signal that nobody waits for is kept for the next one who does.
final class Signal: Sendable {
    private struct State {
        var raised = false
        var waiting: (id: Int, continuation: CheckedContinuation<Void, Never>)?
        var next = 0
    }

    private let state = Mutex(State())

    func raise() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiting = state.waiting else {
                state.raised = true
                return nil
            }
            state.waiting = nil
            return waiting.continuation
        }
        continuation?.resume()
    }

    /// Returns at the next signal, or after `limit`.
    func wait(atMost limit: Duration) async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let alarm = Task {
            try await Task.sleep(for: limit)
            self.give(up: id)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state -> Bool in
                    if state.raised || Task.isCancelled {
                        state.raised = false
                        return true
                    }
                    precondition(state.waiting == nil, "A signal has one waiter.")
                    state.waiting = (id, continuation)
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            give(up: id)
        }
        alarm.cancel()
    }

    private func give(up id: Int) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiting = state.waiting, waiting.id == id else { return nil }
            state.waiting = nil
            return waiting.continuation
        }
        continuation?.resume()
    }
}
