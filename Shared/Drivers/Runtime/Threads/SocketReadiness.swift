import CLinux
import Glibc
import Synchronization

/// Waits until a descriptor can be read or written, for libraries that own their sockets.
///
/// One thread in `epoll_wait` serves all waits. A descriptor is registered anew for each wait, because a library may
/// have replaced it by another of the same number in between, and with `EPOLLONESHOT`, so that it reports once.
public final class SocketReadiness: Sendable {
    /// What to wait for.
    public enum Interest: Sendable { case read, write, readOrWrite }

    /// How a wait ended. A hang-up or an error of the socket counts as ready: the next call on it says what it is.
    public enum Outcome: Sendable, Hashable {
        case ready(readable: Bool, writable: Bool)
        case timedOut
    }

    private let poller: ReadinessPoller
    private let thread: Mutex<Thread?>

    /// Starts the thread; ``shared()`` suffices for nearly everything.
    public init() throws(RuntimeError) {
        let poller = try ReadinessPoller()
        self.poller = poller
        self.thread = Mutex(try Thread(name: "readiness") { poller.run() })
    }

    deinit { stop() }

    private static let common: SocketReadiness = {
        do {
            return try SocketReadiness()
        } catch {
            // No epoll, no network: nothing of the process works without.
            fatalError("\(error)")
        }
    }()

    /// The one of this process, started at its first use and never stopped.
    public static func shared() -> SocketReadiness { common }

    /// Returns when the descriptor is ready or the time has come; throws when the task is cancelled.
    ///
    /// The descriptor has to stay open until then. A descriptor that cannot be waited for (a plain file, a closed one)
    /// is ready at once, so that the caller's own call finds out what is wrong with it.
    public func wait(
        fileDescriptor: CInt, for interest: Interest, until deadline: ContinuousClock.Instant
    ) async throws(CancellationError) -> Outcome {
        let id = poller.begin()
        let end = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                poller.register(id, fileDescriptor, interest, deadline, continuation)
            }
        } onCancel: {
            poller.cancel(id)
        }
        switch end {
        case .outcome(let outcome): return outcome
        case .cancelled: throw CancellationError()
        }
    }

    /// Ends all waits as if their tasks were cancelled, and the thread.
    public func stop() {
        poller.stop()
        let thread = self.thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }
}
