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
    /// How each service reaches the storage database.
    private let logins: [String: String]
    private let servers: [StackOptions.Server]
    private let apiPort: Int

    init(
        options: StackOptions, folder: StackFolder, bootstrapServers: String, storageURL: String,
        admin: (name: String, password: String)?, supervisor: Supervisor, storage: PrivatePostgres?,
        logins: [String: String], servers: [StackOptions.Server]
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
        var ports: [String: Int] = [:]
        for service in Self.services { ports[service] = try LoopbackPort.free() }
        healthPorts = ports
        apiPort = options.apiPort == 0 ? try LoopbackPort.free() : options.apiPort
        apiURL = "http://127.0.0.1:\(apiPort)"
    }

    /// Writes each service's settings, starts it, and waits until all say that they are ready.
    func startServices(_ progress: @Sendable (String) -> Void) async throws {
        for service in Self.services { try start(service) }
        for service in Self.services {
            try await waitFor(
                "\(service) to be ready; its log is \(folder.log(service))", within: .seconds(60)
            ) { await self.isReady(service) ? true : nil }
            progress("\(service.padding(to: 10)) ready, pid \(supervisor.pid(of: service) ?? 0)")
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
                environment: environment, logFile: folder.log(service)))
    }

    /// Whether the service's health listener says that it is ready.
    func isReady(_ service: String) async -> Bool {
        await HealthProbe.isReady(port: healthPorts[service] ?? 0)
    }

    /// Ends everything in reverse order and removes what was only for this run.
    func stop() async {
        await supervisor.stop()
        await storageKeeper?.stop()
        await storage?.stop()
        folder.removeIfOurs()
    }

    /// What a service inherits: nothing that would override its settings file.
    private var environment: [String: String] {
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
        if let login = logins[service] {
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
