import Synchronization

/// A thread of one's own, for what may block or belongs to one thread, and an executor for an actor that lives on it.
///
/// The cooperative pool has one thread a core for the whole process: nothing that blocks may run there.
public final class DedicatedThread: SerialExecutor, Sendable {
    private let queue = WorkQueue()
    private let thread: Mutex<Thread?>

    /// Starts the thread; the first 15 bytes of the name are what `top -H` shows.
    public init(name: String) {
        let queue = queue
        do {
            thread = Mutex(try Thread(name: name) { queue.performAll() })
        } catch {
            // Without a thread nothing of the process works; there is nothing to fall back to.
            fatalError(error.message)
        }
    }

    deinit { stop() }

    /// Runs `body` on the thread, after what was given to it before, and hands back what came of it.
    public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
            let taken = queue.add(.body { continuation.resume(with: Result { try body() }) })
            if !taken {
                continuation.resume(
                    throwing: RuntimeError(.stopped, "the thread was stopped before this work was given to it"))
            }
        }
    }

    /// Runs `body` on the thread and blocks the caller meanwhile: only for what takes no longer than a system call.
    func runAndWait<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        let answer = Answer<T>()
        guard queue.add(.body { answer.give(Result { try body() }) }) else {
            throw RuntimeError(.stopped, "the thread was stopped before this work was given to it")
        }
        return try answer.take().get()
    }

    /// Lets the thread finish what it has and end, and waits for that; calling it twice does nothing.
    public func stop() {
        queue.stop()
        let thread = self.thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        _ = queue.add(.job(UnownedJob(job), asUnownedSerialExecutor()))
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// Lets a C callback that fires on this thread use `assumeIsolated` of the actor that lives on it.
    public func isIsolatingCurrentContext() -> Bool? { queue.isCurrent }

    public func checkIsolated() {
        precondition(queue.isCurrent, "This has to be called on the thread that the actor lives on.")
    }
}
