import Glibc
public import Runtime
import Synchronization

/// A PostgreSQL server of our own: made, started, stopped and removed by this object, on loopback only.
///
/// `initdb` and `postgres` refuse to run as root; then they run as user postgres, or nobody. The server dies with this
/// process, and is stopped by its process id, never by name.
public final class PrivatePostgres: Sendable {
    /// The superuser that `initdb` makes.
    public static let superuser = "postgres"

    /// Where data, log and password file are.
    public let directory: String
    /// On 127.0.0.1.
    public let port: Int
    /// The superuser's.
    public let password: String
    /// The programs it runs.
    public let installation: PostgresInstallation

    private let isTemporary: Bool
    private let configuration: [String: String]
    private let account: SystemAccount?
    private let process: Mutex<ChildProcess?>

    private init(
        directory: String, port: Int, password: String, installation: PostgresInstallation, isTemporary: Bool,
        configuration: [String: String], account: SystemAccount?
    ) {
        self.directory = directory
        self.port = port
        self.password = password
        self.installation = installation
        self.isTemporary = isTemporary
        self.configuration = configuration
        self.account = account
        process = Mutex(nil)
    }

    deinit {
        // Forgotten: at least nothing stays behind. Nobody can be told here how it went.
        guard let process = process.withLock({ $0 }) else { return }
        process.kill(SIGQUIT)
    }

    /// Makes a database cluster, unless `directory` has one already, and starts it.
    ///
    /// - Parameters:
    ///   - directory: made when missing; nil: a new temporary one, removed by `stop`.
    ///   - port: nil: a free one.
    ///   - configuration: server settings over ours, such as `fsync: off` or `shared_preload_libraries`.
    ///   - password: the superuser's; nil: a random one, kept in the directory.
    ///   - binaries: the folder of `initdb` and `postgres`; nil: the first of `PostgresInstallation.all`.
    public static func start(
        directory: String? = nil, port: Int? = nil, configuration: [String: String] = [:], password: String? = nil,
        binaries: String? = nil
    ) async throws(PostgresError) -> PrivatePostgres {
        let installation = try find(binaries)
        let account = try SystemAccount.forServers()
        let place: String
        if let directory { place = directory } else { place = try TemporaryDirectory.make("pga-postgres-") }
        do throws(PostgresError) {
            if directory != nil { try TemporaryDirectory.ensure(place) }
            try account?.own(place)
            let secret = try savedPassword(in: place, wanted: password)
            // A free port can be taken by somebody else before the server binds it: then the next one.
            var attempts = port == nil ? 5 : 1
            while true {
                let chosen: Int
                if let port { chosen = port } else { chosen = try LoopbackPort.free() }
                let server = PrivatePostgres(
                    directory: place, port: chosen, password: secret,
                    installation: installation, isTemporary: directory == nil, configuration: configuration,
                    account: account)
                attempts -= 1
                do throws(PostgresError) {
                    try await server.makeCluster()
                    try await server.restart()
                    return server
                } catch {
                    await server.halt(SIGQUIT)
                    if attempts == 0 || !server.logTail().contains("could not bind") { throw error }
                }
            }
        } catch {
            if directory == nil { TemporaryDirectory.remove(place) }
            throw error
        }
    }

    /// A connection URL with the password in it: for settings and environments, never for a log.
    public func url(database: String = "postgres", user: String = superuser, password: String? = nil) -> String {
        let secret = password ?? (user == Self.superuser ? self.password : "")
        let credentials = secret.isEmpty ? user : "\(user):\(secret)"
        return "postgresql://\(credentials)@127.0.0.1:\(port)/\(database)"
    }

    /// The same as settings.
    public func settings(
        database: String = "postgres", user: String = superuser, password: String? = nil
    ) -> PostgresSettings {
        PostgresSettings(
            host: "127.0.0.1", port: port, user: user,
            password: password ?? (user == Self.superuser ? self.password : nil), database: database)
    }

    /// The server's process, nil when it does not run.
    public var pid: Int32? { process.withLock { $0?.pid } }

    /// How the server's process ended by itself or by another's hand; nil while it runs, and after `stop` and `killNow`.
    public var unexpectedEnd: ExitStatus? { process.withLock { $0?.status } }

    /// Starts the server (again), and returns when it answers; a crashed one recovers first.
    public func restart() async throws(PostgresError) {
        await halt(SIGINT)
        let child: ChildProcess
        do {
            child = try spawn("postgres", ["-D", data] + settingsArguments)
        } catch {
            throw PostgresError(.process, "\(installation.binaries)/postgres cannot be started: \(error)")
        }
        process.withLock { $0 = child }
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do throws(PostgresError) {
                let connection = try await PostgresConnection.open(settings(), timeout: .seconds(5))
                connection.close()
                return
            } catch {
                guard error.isRetriable, child.status == nil, ContinuousClock.now < deadline else {
                    throw PostgresError(
                        .process, "the private PostgreSQL in \(directory) does not start (\(error)): \(logTail())")
                }
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Stops the server and, when its directory is a temporary one, removes that. Open sessions are ended.
    public func stop() async {
        await halt(SIGINT)
        if isTemporary { TemporaryDirectory.remove(directory) }
    }

    /// Kills the server and everything it started, as a power cut would; `restart` recovers it.
    public func killNow() async {
        await halt(SIGKILL)
    }

    /// The end of the server's log.
    public func logTail(bytes: Int = 2000) -> String {
        let text = TemporaryDirectory.read("\(directory)/server.log", last: bytes)
        return PostgresError.oneLine(text)
    }

    // MARK: Inside

    private var data: String { "\(directory)/data" }

    /// Small on purpose: tests and demos start many of them.
    private var settingsArguments: [String] {
        var settings = [
            "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": "",
            "max_connections": "60", "shared_buffers": "32MB", "work_mem": "4MB", "maintenance_work_mem": "16MB",
            "wal_buffers": "4MB", "max_wal_size": "512MB", "min_wal_size": "80MB", "autovacuum_max_workers": "1",
            "max_parallel_workers": "0", "jit": "off", "timezone": "UTC", "log_timezone": "UTC",
            "password_encryption": "scram-sha-256", "logging_collector": "off", "cluster_name": "private",
        ]
        for (name, value) in configuration { settings[name] = value }
        return settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    }

    private static func find(_ binaries: String?) throws(PostgresError) -> PostgresInstallation {
        if let binaries {
            if let found = PostgresInstallation(binaries: binaries) { return found }
            throw PostgresError(.process, "\(binaries) has no initdb and postgres that can be executed")
        }
        if let found = PostgresInstallation.all().first { return found }
        throw PostgresError(
            .process, "no PostgreSQL server is installed: install the package postgresql, or name one in POSTGRES_HOMES"
        )
    }

    private static func savedPassword(in directory: String, wanted: String?) throws(PostgresError) -> String {
        let file = "\(directory)/password"
        let saved = TemporaryDirectory.read(file, last: 1000)
        if !saved.isEmpty && (wanted == nil || wanted == saved) { return saved }
        if !saved.isEmpty {
            throw PostgresError(.process, "\(directory) was made with another password: give that one, or none")
        }
        let alphabet = Array("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        let secret = wanted ?? String((0..<24).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
        try TemporaryDirectory.write(secret, to: file)
        return secret
    }

    private func makeCluster() async throws(PostgresError) {
        if access("\(data)/PG_VERSION", F_OK) == 0 { return }
        let passwordFile = "\(directory)/initdb-password"
        try TemporaryDirectory.write(password, to: passwordFile)
        defer { unlink(passwordFile) }
        try account?.own(passwordFile)
        var arguments = [
            "-D", data, "-U", Self.superuser, "-E", "UTF8", "--no-locale", "--auth=scram-sha-256",
            "--pwfile=\(passwordFile)",
        ]
        if configuration["fsync"] == "off" { arguments.append("--no-sync") }
        do {
            let child = try spawn("initdb", arguments)
            let status = await child.wait()
            guard status.isSuccess else {
                throw PostgresError(.process, "initdb in \(directory) failed (\(status)): \(logTail())")
            }
        } catch let error as PostgresError {
            throw error
        } catch {
            throw PostgresError(.process, "\(installation.binaries)/initdb cannot be started: \(error)")
        }
    }

    private func spawn(_ program: String, _ arguments: [String]) throws -> ChildProcess {
        var environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": directory]
        environment["LD_LIBRARY_PATH"] = ProcessEnvironment.all["LD_LIBRARY_PATH"]
        let log = "\(directory)/server.log"
        // A group of its own: a Ctrl-C at our terminal is ours to handle. When we die it shuts down by itself.
        return try ChildProcess.spawn(
            executable: "\(installation.binaries)/\(program)", arguments: arguments, environment: environment,
            workingDirectory: directory, user: account?.name, stdout: .file(log), stderr: .file(log),
            processGroup: true, parentDeathSignal: SIGINT)
    }

    /// Sends the signal and waits until the server and its workers are gone; after ten seconds, SIGKILL.
    private func halt(_ signal: CInt) async {
        let child = process.withLock { process in
            defer { process = nil }
            return process
        }
        guard let child else { return }
        let workers = signal == SIGKILL ? ProcessTree.children(of: child.pid) : []
        child.kill(signal)
        for worker in workers { _ = kill(worker, SIGKILL) }
        // Also when we are cancelled ourselves: a task of its own waits.
        if await Task(operation: { await child.wait(within: .seconds(10)) }).value == nil {
            for worker in ProcessTree.children(of: child.pid) { _ = kill(worker, SIGKILL) }
            child.kill(SIGKILL)
            _ = await child.wait()
        }
        // Orphaned workers hold the shared memory until they have noticed; a new server would refuse to start.
        for worker in workers {
            for _ in 0..<500 where kill(worker, 0) == 0 { try? await Task.sleep(for: .milliseconds(10)) }
        }
    }
}
