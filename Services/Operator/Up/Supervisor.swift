import Glibc
import Runtime
import Synchronization

/// Keeps a set of processes running: each is started in its turn, started again when it dies, and ended in reverse order.
final class Supervisor: Sendable {
    /// What to run, where its output goes, and how long it has to end by itself.
    struct Program: Sendable {
        let name: String
        let executable: String
        let arguments: [String]
        let environment: [String: String]
        let logFile: String
        var grace: Duration = .seconds(10)
        /// Whether it can be started again; when one that cannot has died, ``Supervisor/lost`` is requested.
        var restarts = true
    }

    private struct State {
        var running: [String: ChildProcess] = [:]
        var keepers: [(program: Program, task: Task<Void, Never>)] = []
        var restarts = 0
        var ends: [String: ExitStatus] = [:]
        var abandoned: Set<String> = []
        var stopping = false

        func isWanted(_ name: String) -> Bool { !stopping && !abandoned.contains(name) }
    }

    private let state = Mutex(State())
    let report: @Sendable (String) -> Void

    /// Requested when a program has died that cannot be started again.
    let lost = Shutdown()

    /// - Parameter report: is told in a line of each process that died and is started again.
    init(report: @escaping @Sendable (String) -> Void) {
        self.report = report
    }

    /// How often a process had to be started again.
    var restarts: Int { state.withLock { $0.restarts } }

    /// How a program last died that should have run on; nil when it never has.
    func end(of name: String) -> ExitStatus? { state.withLock { $0.ends[name] } }

    /// The process id of a program that runs now.
    func pid(of name: String) -> CInt? { state.withLock { $0.running[name]?.pid } }

    /// Starts `program` and keeps it running until ``stop()``.
    ///
    /// - Throws: when it cannot be started the first time.
    func keep(_ program: Program) throws {
        let child = try Self.spawn(program)
        state.withLock { $0.running[program.name] = child }
        let task = Task { await self.watch(program, child) }
        state.withLock { $0.keepers.append((program, task)) }
    }

    /// Kills a program without a word, as an out-of-memory killer would.
    ///
    /// - Parameter again: whether it is started again.
    func kill(_ name: String, again: Bool) {
        state.withLock { state in
            if !again { state.abandoned.insert(name) }
            return state.running[name]
        }?.kill(SIGKILL)
    }

    /// Ends all programs, the last started first: SIGTERM, then SIGKILL to what is still there after its grace.
    func stop() async {
        let keepers = state.withLock { state in
            state.stopping = true
            return state.keepers
        }
        for (program, task) in keepers.reversed() {
            state.withLock { $0.running[program.name] }?.kill(SIGTERM)
            let killer = Task {
                try await Task.sleep(for: program.grace)
                self.report("\(program.name) did not end within \(program.grace): killed")
                self.state.withLock { $0.running[program.name] }?.kill(SIGKILL)
            }
            task.cancel()  // it may be waiting to start it again
            await task.value
            killer.cancel()
        }
    }

    private func watch(_ program: Program, _ first: ChildProcess) async {
        var child = first
        var policy = RestartPolicy()
        var started = ContinuousClock.now
        while true {
            let status = await child.wait()
            let wanted = state.withLock { state in
                state.running[program.name] = nil
                let wanted = state.isWanted(program.name)
                if wanted { state.ends[program.name] = status }
                return wanted
            }
            if !wanted { return }
            if !program.restarts { return lost.request() }
            var wait = policy.ended(after: .now - started)
            report("\(program.name) ended (\(status)); started again in \(wait); its log: \(program.logFile)")
            while true {
                try? await Task.sleep(for: wait)
                if !state.withLock({ $0.isWanted(program.name) }) { return }
                started = .now
                do {
                    child = try Self.spawn(program)
                    break
                } catch {
                    wait = policy.ended(after: .zero)
                    report("\(program.name) cannot be started: \(error); again in \(wait)")
                }
            }
            let stillWanted = state.withLock { [child] state in
                state.running[program.name] = child
                state.restarts += 1
                return state.isWanted(program.name)
            }
            if !stillWanted { child.kill(SIGTERM) }
        }
    }

    private static func spawn(_ program: Program) throws -> ChildProcess {
        try ChildProcess.spawn(
            executable: program.executable, arguments: program.arguments, environment: program.environment,
            stdout: .file(program.logFile), stderr: .file(program.logFile),
            processGroup: true, parentDeathSignal: SIGTERM)
    }
}
