import CLinux
import Glibc
import Synchronization

extension ChildProcess {
    /// The thread that starts all children. A death signal comes when the *thread* that started a child ends, so it
    /// may not be one of the cooperative pool, which come and go.
    private static let spawner = DedicatedThread(name: "spawner")

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - executable: Its path, or a name to look for in `PATH`.
    ///   - environment: All of its variables; nil gives it ours.
    ///   - workingDirectory: Where it starts; nil means where we are.
    ///   - user: Whom to run it as, when we are root; otherwise it runs as ourselves.
    ///   - input: What it finds on its standard input, which otherwise is empty.
    ///   - processGroup: Whether it leads a process group of its own: a Ctrl-C at the terminal passes it by, and
    ///     ``kill(_:)`` reaches whatever it started.
    ///   - parentDeathSignal: What the kernel sends it when we end, in whatever way.
    /// - Throws: A ``RuntimeError`` that says why it cannot be started.
    public static func spawn(
        executable: String, arguments: [String] = [], environment: [String: String]? = nil,
        workingDirectory: String? = nil, user: String? = nil, input: [UInt8]? = nil, stdout: ChildStream = .inherit,
        stderr: ChildStream = .inherit, processGroup: Bool = false, parentDeathSignal: CInt? = nil
    ) throws -> ChildProcess {
        let path = try find(executable)
        let command = try privileged(path, arguments, user: user, parentDeathSignal: parentDeathSignal)
        return try spawner.runAndWait {
            var setup = try SpawnSetup(processGroup: processGroup, workingDirectory: workingDirectory)
            try setup.giveInput(input)
            let output = try setup.connect(stdout, to: STDOUT_FILENO)
            let errorOutput = try setup.connect(stderr, to: STDERR_FILENO)
            // Whoever started us may ignore SIGCHLD, and then the kernel forgets how a child ended.
            pga_keep_children()
            let pid = try setup.spawn(command, environment ?? ProcessEnvironment.all)
            do {
                return try ChildProcess(pid: pid, output: output, errorOutput: errorOutput, leadsGroup: processGroup)
            } catch {
                // No thread to wait for it: nobody would ever know of it.
                Glibc.kill(pid, SIGKILL)
                waitpid(pid, nil, 0)
                throw error
            }
        }
    }

    /// Whether we are root, which some programs (`initdb`) refuse to run as.
    public static var isRoot: Bool { geteuid() == 0 }

    /// The path of a program, looked for in `PATH` when it is a plain name.
    public static func find(_ executable: String) throws(RuntimeError) -> String {
        if executable.contains("/") {
            guard access(executable, X_OK) == 0 else {
                throw RuntimeError(.spawn, "\(executable) cannot be started: \(systemMessage(errno))")
            }
            return executable
        }
        let path = ProcessEnvironment.all["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for directory in path.split(separator: ":") {
            let candidate = "\(directory)/\(executable)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw RuntimeError(.spawn, "\(executable) cannot be started: it is not in PATH (\(path))")
    }

    /// The command line through util-linux' `setpriv`, when another user or a death signal is wanted.
    private static func privileged(
        _ path: String, _ arguments: [String], user: String?, parentDeathSignal: CInt?
    ) throws(RuntimeError) -> [String] {
        var options: [String] = []
        if let signal = parentDeathSignal {
            let names = [SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGKILL: "KILL", SIGTERM: "TERM"]
            guard let name = names[signal] else {
                preconditionFailure("A death signal is one of HUP, INT, QUIT, KILL and TERM.")
            }
            options += ["--pdeathsig", name]
        }
        if let user, isRoot {
            guard let group = primaryGroup(of: user) else {
                throw RuntimeError(.spawn, "\(path) cannot be started as \(user): there is no such user")
            }
            options += ["--reuid", user, "--regid", String(group), "--init-groups"]
        }
        if options.isEmpty { return [path] + arguments }
        return [try find("setpriv")] + options + ["--", path] + arguments
    }

    private static func primaryGroup(of user: String) -> gid_t? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwnam_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.pw_gid
    }
}
