import Glibc
import Kafka
import Postgres
import Runtime

/// The embedded system while it runs: a broker, a storage database and the five services, each its own process.
final class Stack: Sendable {
    /// In the order in which they are started; they end the other way round.
    static let services = ["writer", "analyzer", "alerter", "api", "collector"]

    let options: StackOptions
    /// Settings files, logs and the collector's spool.
    let folder: StackFolder
    let bootstrapServers: String
    /// The storage database, as its owner.
    let storageURL: String
    /// The API's first user, made with the system; nil where the storage database had one.
    let admin: (name: String, password: String)?
    let supervisor: Supervisor
    /// Where each service's health listener is, on loopback.
    let healthPorts: [String: Int]
    /// Where the API listens.
    let apiURL: String
    let storage: PrivatePostgres?
    private let storageKeeper: StorageKeeper?
    private let logins: ServiceLogins
    private let servers: [StackOptions.Server]
    private let apiPort: Int

    init(
        options: StackOptions, folder: StackFolder, bootstrapServers: String, storageURL: String,
        admin: (name: String, password: String)?, supervisor: Supervisor, storage: PrivatePostgres?,
        logins: ServiceLogins, servers: [StackOptions.Server]
    ) throws {
        self.options = options
        self.folder = folder
        self.bootstrapServers = bootstrapServers
        self.storageURL = storageURL
        self.admin = admin
        self.supervisor = supervisor
        self.storage = storage
        storageKeeper = storage.map { StorageKeeper($0, report: supervisor.report) }
        self.logins = logins
        self.servers = servers
        let ports = try LoopbackPort.free(count: Self.services.count + 1)
        healthPorts = Dictionary(uniqueKeysWithValues: zip(Self.services, ports))
        apiPort = options.apiPort == 0 ? ports[Self.services.count] : options.apiPort
        apiURL = "http://127.0.0.1:\(apiPort)"
    }

    /// Writes each service's settings, starts it, and waits until all say that they are ready.
    ///
    /// - Throws: ``StackError`` with the last lines of the one that died instead, or was not ready within a minute.
    func startServices(_ progress: @Sendable (String) -> Void) async throws {
        for service in Self.services { try start(service) }
        var waiting = Self.services[...]
        while let service = waiting.first {
            let deadline = ContinuousClock.now + .seconds(60)
            while !(await isReady(service)) {
                for name in ["broker"] + waiting {
                    guard let end = supervisor.end(of: name) else { continue }
                    throw StackError("\(name) ended (\(end)) instead of starting; \(lastLines(of: name))")
                }
                guard ContinuousClock.now < deadline else {
                    throw StackError("\(service) was not ready within a minute; \(lastLines(of: service))")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            progress("\(service.padding(to: 10)) ready, pid \(supervisor.pid(of: service) ?? 0)")
            waiting.removeFirst()
        }
    }

    /// The end of a process's log: the file itself may be gone by the time somebody reads the error.
    private func lastLines(of name: String) -> String {
        let lines = readText(folder.log(name)).split(separator: "\n").suffix(5)
        return lines.isEmpty
            ? "it wrote nothing" : "its last lines:\n" + lines.map { "  \($0)" }.joined(separator: "\n")
    }

    /// Runs `body`, and cancels it when the development broker dies: the cluster and what was on its topics die with it,
    /// and another one would have another address.
    ///
    /// - Throws: What `body` throws, or ``StackError`` when the broker has died.
    func whileBrokerRuns<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask { [supervisor] in
                await supervisor.lost.wait()
                guard supervisor.lost.isRequested else { return nil }
                let end = supervisor.end(of: "broker").map { "\($0)" } ?? "nobody knows how"
                throw StackError(
                    "the development broker ended (\(end)), and what was on its topics is lost with it: "
                        + "everything was stopped; start it anew")
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    /// Starts one service under the supervisor.
    func start(_ service: String) throws {
        let file = folder.path("\(service).toml")
        try settings(of: service).write(to: file)
        var arguments = ["--config", file]
        if service == "collector", let given = options.collectorFile { arguments = ["--config", given] + overrides }
        for (key, value) in (options.settings[service] ?? [:]).sorted(by: { $0.key < $1.key }) {
            arguments += ["--set", "\(key)=\(value)"]
        }
        try supervisor.keep(
            Supervisor.Program(
                name: service, executable: Installation.binary("pganalytics-\(service)"), arguments: arguments,
                environment: Self.environment, logFile: folder.log(service)))
    }

    /// Whether the service's health listener says that it is ready.
    func isReady(_ service: String) async -> Bool {
        await HealthProbe.isReady(port: healthPorts[service] ?? 0)
    }

    /// Ends everything in reverse order and removes what was only for this run.
    func stop() async {
        await supervisor.stop()
        if options.databaseURL != nil { await logins.takeBack() }
        await storageKeeper?.stop()
        await storage?.stop()
        folder.removeIfOurs()
    }

    /// What a service inherits: nothing that would override its settings file.
    static var environment: [String: String] {
        ProcessEnvironment.all.filter { name, _ in
            !name.hasPrefix("PGA_") && name != "DATABASE_URL" && name != "KAFKA_BOOTSTRAP_SERVERS"
        }
    }

    /// What a collector's file given by the user cannot know: where this system's parts are.
    private var overrides: [String] {
        var values = [
            "kafka.bootstrap_servers": bootstrapServers, "health.port": "\(healthPorts["collector"] ?? 0)",
            "collector.state_directory": folder.path("collector"), "log.level": options.logLevel,
        ]
        for (name, value) in options.kafkaProperties { values["kafka.librdkafka.\(name)"] = value }
        return values.sorted { $0.key < $1.key }.flatMap { ["--set", "\($0.key)=\($0.value)"] }
    }

    private func settings(of service: String) -> ServiceFile {
        var file = ServiceFile()
        file.section("log")
        file.set("level", options.logLevel)
        file.section("health")
        file.set("port", healthPorts[service] ?? 0)
        if service != "api" {
            file.section("kafka")
            file.set("bootstrap_servers", bootstrapServers)
            file.section("kafka.librdkafka")
            // The development broker lets a group form only when a session could have ended: keep it short.
            if options.bootstrapServers == nil, service != "collector" { file.set("session.timeout.ms", "6000") }
            for (name, value) in options.kafkaProperties.sorted(by: { $0.key < $1.key }) { file.set(name, value) }
        }
        if let login = logins.strings[service] {
            file.section("database")
            file.set("url", login)
        }
        switch service {
        case "collector": addCollector(to: &file)
        case "analyzer":
            if let grace = options.grace {
                file.section("broken")
                file.set("grace", grace)
            }
        case "alerter":
            if let url = options.webhookURL {
                file.section("webhook")
                file.set("url", url)
            }
        case "api":
            file.section("api")
            file.set("port", apiPort)
            file.set("signing_key", folder.path("api/signing.pem"))
        default: break
        }
        return file
    }

    private func addCollector(to file: inout ServiceFile) {
        file.section("collector")
        file.set("id", "embedded")
        file.set("state_directory", folder.path("collector"))
        if let interval = options.interval { file.set("interval", interval) }
        for server in servers {
            file.section("[server]")
            file.set("id", server.id)
            file.set("host", server.host)
            file.set("port", server.port)
            file.set("user", server.user)
            if let password = server.password { file.set("password", password) }
            file.set("database", server.database)
            file.set("local", server.local)
        }
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
