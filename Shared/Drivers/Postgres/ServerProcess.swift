import Glibc
import Synchronization

/// A child process with its output in a file.
final class ServerProcess: Sendable {
    enum Output { case file(String) }
    struct Status: Sendable, CustomStringConvertible {
        let raw: CInt
        var isSuccess: Bool { raw == 0 }
        var description: String {
            raw & 0x7F == 0 ? "exit status \(raw >> 8 & 0xFF)" : "signal \(raw & 0x7F)"
        }
    }

    let pid: pid_t
    private let status = Mutex<Status?>(nil)

    private init(pid: pid_t) { self.pid = pid }

    static func spawn(
        executable: String, arguments: [String], environment: [String: String], standardOutput: Output
    ) throws -> ServerProcess {
        guard case .file(let log) = standardOutput else { preconditionFailure() }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid = pid_t()
        let code = posix_spawn(&pid, executable, &actions, &attributes, argv, envp)
        guard code == 0 else { throw PostgresError(.process, String(cString: strerror(code))) }
        return ServerProcess(pid: pid)
    }

    /// How it ended; nil while it runs.
    var exitStatus: Status? {
        status.withLock { status in
            if status != nil { return status }
            var raw: CInt = 0
            if waitpid(pid, &raw, WNOHANG) == pid { status = Status(raw: raw) }
            return status
        }
    }

    func wait() async -> Status {
        while true {
            if let exitStatus { return exitStatus }
            await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
    }

    func kill(_ signal: CInt) {
        status.withLock { status in
            if status == nil { _ = Glibc.kill(pid, signal) }
        }
    }
}
