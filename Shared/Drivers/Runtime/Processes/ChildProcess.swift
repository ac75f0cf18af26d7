import CLinux
import Glibc
import Synchronization

/// A program that we started.
///
/// It is started with `posix_spawn`, never `fork`: of a process with threads a fork keeps one, and whatever locks the
/// others held stay locked in it for ever.
public final class ChildProcess: Sendable {
    private struct State {
        var status: ExitStatus?
        var waiting: [CheckedContinuation<ExitStatus, Never>] = []
    }

    /// Its process id.
    public let pid: CInt
    /// What it writes to its standard output, when that is a pipe.
    public let output: ChildOutput?
    /// What it writes to its standard error, when that is a pipe.
    public let errorOutput: ChildOutput?
    private let leadsGroup: Bool
    private let state = Mutex(State())
    private let ended = Shutdown()

    init(pid: CInt, output: ChildOutput?, errorOutput: ChildOutput?, leadsGroup: Bool) throws(RuntimeError) {
        self.pid = pid
        self.output = output
        self.errorOutput = errorOutput
        self.leadsGroup = leadsGroup
        // A thread that blocks in waitid works on every kernel and in every sandbox; children are few.
        try Thread(name: "child \(pid)") { self.reap() }.detach()
    }

    /// How it ended, or nil while it runs.
    public var status: ExitStatus? { state.withLock { $0.status } }

    /// Waits until it has ended.
    public func wait() async -> ExitStatus {
        await withCheckedContinuation { continuation in
            let status: ExitStatus? = state.withLock { state in
                if state.status == nil { state.waiting.append(continuation) }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }

    /// Waits until it has ended, at most for so long; nil when it runs on, or the task was cancelled.
    public func wait(within duration: Duration) async -> ExitStatus? {
        await ended.sleep(for: duration)
        return status
    }

    /// Sends a signal, to its whole group if it leads one; does nothing once it has ended.
    public func kill(_ signal: CInt) {
        // The pid is ours until it is reaped, which takes the same lock: the signal cannot hit a stranger.
        state.withLock { state in
            if state.status == nil { _ = Glibc.kill(leadsGroup ? -pid : pid, signal) }
        }
    }

    /// Asks it to end (SIGTERM, or what it understands better) and kills it when it has not within `grace`.
    public func stop(within grace: Duration, signal: CInt = 15 /* SIGTERM */) async -> ExitStatus {
        kill(signal)
        // Cancelled or not, the child is not left behind.
        if let status = await Task(operation: { await self.wait(within: grace) }).value { return status }
        kill(SIGKILL)
        return await wait()
    }

    private func reap() {
        var info = siginfo_t()
        // First without taking the status, so that the pid stays ours until the lock is held.
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        let (status, waiting) = state.withLock { state in
            var raw: CInt = 0
            while waitpid(pid, &raw, 0) < 0 && errno == EINTR {}
            let status: ExitStatus = raw & 0x7F == 0 ? .exited((raw >> 8) & 0xFF) : .signalled(raw & 0x7F)
            state.status = status
            defer { state.waiting = [] }
            return (status, state.waiting)
        }
        ended.request()
        for continuation in waiting { continuation.resume(returning: status) }
    }
}
