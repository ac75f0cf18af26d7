import CLinux
import Glibc

/// What `posix_spawn` is told, and the descriptors that live until it was called.
struct SpawnSetup: ~Copyable {
    private var actions = posix_spawn_file_actions_t()
    private var attributes = posix_spawnattr_t()
    /// The child's ends, closed here once it has them.
    private var descriptors: [CInt] = []

    init(processGroup: Bool, workingDirectory: String?) throws(RuntimeError) {
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        // Our threads block signals, and we ignore SIGPIPE: neither is for the child to inherit.
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        var flags = CInt(POSIX_SPAWN_SETSIGDEF) | CInt(POSIX_SPAWN_SETSIGMASK)
        if processGroup {
            posix_spawnattr_setpgroup(&attributes, 0)
            flags |= CInt(POSIX_SPAWN_SETPGROUP)
        }
        posix_spawnattr_setflags(&attributes, CShort(flags))
        if let workingDirectory {
            try SpawnSetup.check(
                pga_spawn_chdir(&actions, workingDirectory), "the working directory \(workingDirectory)")
        }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
        var (actions, attributes) = (actions, attributes)
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
    }

    /// The standard input: these bytes, or nothing.
    mutating func giveInput(_ bytes: [UInt8]?) throws(RuntimeError) {
        guard let bytes else {
            try SpawnSetup.check(
                posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0), "/dev/null")
            return
        }
        // A file in memory instead of a pipe: nobody has to write while the child reads.
        let file = pga_memory_file("input")
        guard file >= 0 else { throw RuntimeError(.system, "memfd_create: \(systemMessage(errno))") }
        descriptors.append(file)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR {
                throw RuntimeError(.system, "the input of a child: \(systemMessage(errno))")
            }
            rest = rest.dropFirst(max(0, count))
        }
        lseek(file, 0, SEEK_SET)
        try SpawnSetup.check(posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO), "the standard input")
    }

    /// The standard output or error; returns our end of a pipe.
    mutating func connect(_ stream: ChildStream, to target: CInt) throws(RuntimeError) -> ChildOutput? {
        switch stream {
        case .inherit: return nil
        case .null:
            try SpawnSetup.check(
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_WRONLY, 0), "/dev/null")
            return nil
        case .file(let path):
            // Opened here and not in the child, so that the error names the file.
            let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
            guard file >= 0 else { throw RuntimeError(.spawn, "\(path) cannot be written: \(systemMessage(errno))") }
            descriptors.append(file)
            try SpawnSetup.check(posix_spawn_file_actions_adddup2(&actions, file, target), path)
            return nil
        case .pipe:
            var ends: [CInt] = [-1, -1]
            guard pga_pipe(&ends) == 0 else { throw RuntimeError(.system, "pipe2: \(systemMessage(errno))") }
            descriptors.append(ends[1])
            let output = ChildOutput(descriptor: ends[0])
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
            try SpawnSetup.check(posix_spawn_file_actions_adddup2(&actions, ends[1], target), "a pipe")
            return output
        }
    }

    /// Starts it; the first of `command` is the path of the program.
    mutating func spawn(_ command: [String], _ environment: [String: String]) throws(RuntimeError) -> CInt {
        // Whatever some library opened without close-on-exec stays with us.
        try SpawnSetup.check(pga_spawn_close_from(&actions, 3), "the other descriptors")
        let arguments = command.map { strdup($0) } + [nil]
        let variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, command[0], &actions, &attributes, arguments, variables)
        guard code == 0 else {
            throw RuntimeError(.spawn, "\(command[0]) cannot be started: \(systemMessage(code))")
        }
        return pid
    }

    private static func check(_ code: CInt, _ what: String) throws(RuntimeError) {
        if code != 0 { throw RuntimeError(.spawn, "\(what) cannot be given to a child: \(systemMessage(code))") }
    }
}
