import Crypto
import Glibc
import Kafka
import Postgres
import Runtime

extension Stack {
    /// Starts everything in order (broker, storage, schema, services) and returns when every service is ready.
    ///
    /// - Parameter progress: is told a line for each step that is done.
    /// - Throws: ``StackError``, or the error of the part that could not be started; what had been started is stopped.
    static func start(
        _ options: StackOptions, logger: Logger, progress: @escaping @Sendable (String) -> Void
    ) async throws -> Stack {
        let folder = try StackFolder(options.directory)
        let supervisor = Supervisor(report: progress)
        var storage: PrivatePostgres?
        var given: ServiceLogins?
        do {
            if let url = options.databaseURL { try await ServiceLogins.check(url, folder) }
            let bootstrap = try await startBroker(options, folder, supervisor, progress)
            if options.databaseURL == nil {
                let server = try await PrivatePostgres.start(
                    directory: options.directory.map { _ in folder.path("storage") },
                    configuration: storageConfiguration)
                storage = server
                progress("storage    PostgreSQL on 127.0.0.1:\(server.port), private")
            }
            let storageURL = try await storageDatabase(options, storage)
            let logins = try await migrate(storageURL, folder)
            if options.databaseURL != nil { given = logins }
            progress("schema     migrated, a role for each service")
            let admin = try await firstUser(storageURL, folder)
            let stack = try Stack(
                options: options, folder: folder, bootstrapServers: bootstrap, storageURL: storageURL,
                admin: admin, supervisor: supervisor, storage: storage, logins: logins,
                servers: try await servers(options, storage))
            do {
                try await stack.startServices(progress)
            } catch {
                await stack.stop()
                throw error
            }
            return stack
        } catch {
            await supervisor.stop()
            await given?.takeBack()
            await storage?.stop()
            folder.removeIfOurs()
            throw error
        }
    }

    /// Modest: the embedded storage shares the machine with everything else.
    private static let storageConfiguration = [
        "shared_buffers": "128MB", "max_connections": "60", "max_wal_size": "512MB",
        "shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on",
    ]

    private static func startBroker(
        _ options: StackOptions, _ folder: StackFolder, _ supervisor: Supervisor,
        _ progress: @Sendable (String) -> Void
    ) async throws -> String {
        guard let topics = Installation.topics() else {
            throw StackError("the topic declarations are not found: run it where topics/ lies")
        }
        let own = Installation.binary("pganalytics")
        if let given = options.bootstrapServers {
            var arguments = ["topics", "apply", "--topics", topics, "--set", "kafka.bootstrap_servers=\(given)"]
            for (name, value) in options.kafkaProperties {
                arguments += ["--set", "kafka.librdkafka.\(name)=\(value)"]
            }
            let result = try await ChildProcess.run(executable: own, arguments: arguments)
            guard result.status.isSuccess else {
                throw StackError("topics apply failed: \(result.output)\(result.error)")
            }
            progress("broker     Apache Kafka at \(given)")
            return given
        }
        let addressFile = folder.path("broker.address")
        unlink(addressFile)
        try supervisor.keep(
            Supervisor.Program(
                name: "broker", executable: own,
                arguments: [
                    "broker", "--topics", topics, "--control-file", folder.path("broker.control"),
                    "--address-file", addressFile,
                ],
                environment: ProcessEnvironment.all, logFile: folder.log("broker"), restarts: false))
        let address = try await waitFor("the broker's address in \(addressFile)", within: .seconds(15)) {
            let text = readText(addressFile)
            return text.isEmpty ? nil : text
        }
        progress("broker     \(address), librdkafka's mock cluster in memory")
        return address
    }

    /// What is watched: what was asked for, else the private storage server, by a role of the collector's own.
    private static func servers(
        _ options: StackOptions, _ storage: PrivatePostgres?
    ) async throws -> [StackOptions.Server] {
        guard options.servers.isEmpty, options.collectorFile == nil, let storage else { return options.servers }
        let password = Random.hex(16)
        var connection = try await PostgresConnection.open(storage.settings(), timeout: .seconds(10))
        try await connection.execute(
            """
            CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pganalytics') THEN
                    CREATE ROLE pganalytics CONNECTION LIMIT 2;
                END IF;
            END $$;
            ALTER ROLE pganalytics LOGIN PASSWORD '\(password)';
            GRANT pg_monitor TO pganalytics;
            ALTER ROLE pganalytics SET pg_stat_statements.track = 'none';
            """, timeout: .seconds(10))
        connection.close()
        return [
            StackOptions.Server(
                id: "storage", host: "127.0.0.1", port: storage.port, user: "pganalytics", password: password,
                local: true)
        ]
    }

    private static func storageDatabase(_ options: StackOptions, _ storage: PrivatePostgres?) async throws -> String {
        if let given = options.databaseURL { return given }
        guard let storage else { throw StackError("neither a database nor a private one") }
        var connection = try await PostgresConnection.open(
            storage.settings(), timeout: .seconds(10))
        let exists = try await connection.query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = 'pganalytics'")
        if exists.rowCount == 0 { try await connection.execute("CREATE DATABASE pganalytics", timeout: .seconds(30)) }
        connection.close()
        return storage.url(database: "pganalytics")
    }

    /// Migrates every service's schema and gives each service's role a password of its own for this run.
    private static func migrate(_ url: String, _ folder: StackFolder) async throws -> ServiceLogins {
        var environment = Self.environment
        environment["DATABASE_URL"] = url
        let result = try await ChildProcess.run(
            executable: Installation.binary("pganalytics"), arguments: ["migrate", "up"], environment: environment)
        guard result.status.isSuccess else { throw StackError("migrate up failed: \(result.output)\(result.error)") }
        return try await ServiceLogins.make(url, folder)
    }

    /// Makes the user `admin` where there is none yet; nil where there is one.
    private static func firstUser(
        _ url: String, _ folder: StackFolder
    ) async throws -> (name: String, password: String)? {
        let password = Random.hex(10)
        var environment = Self.environment
        environment["DATABASE_URL"] = url
        let passwordFile = folder.path("admin.password")
        try writePrivately(password, to: passwordFile)
        defer { unlink(passwordFile) }
        let result = try await ChildProcess.run(
            executable: Installation.binary("pganalytics-api"),
            arguments: ["users", "add", "admin", "--role", "admin", "--password-file", passwordFile],
            environment: environment)
        if result.status.isSuccess { return ("admin", password) }
        if result.error.contains("is there already") { return nil }
        throw StackError("users add failed: \(result.error)")
    }
}
