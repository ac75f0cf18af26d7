import Glibc
import Runtime

/// `pganalytics up`: the embedded system, and with `--demo` something to look at.
enum UpCommand {
    static func run(_ arguments: [String]) async -> CInt {
        let options: UpArguments
        do throws(StackError) {
            options = try UpArguments(arguments)
        } catch {
            printError("pganalytics up: \(error)")
            return 2
        }
        if options.help {
            printLine(UpArguments.usage)
            return 0
        }
        let shutdown = Shutdown.onSignals()
        let logger = Logger(service: "operator", level: .warning)
        do {
            if options.demo { return try await Demo.run(options, shutdown: shutdown, logger: logger) }
            let stack = try await Stack.start(options.stack, logger: logger) { printLine("  \($0)") }
            printLine(stack.whereToLook)
            await shutdown.wait()
            printLine("stopping…")
            await stack.stop()
            return 0
        } catch {
            printError("pganalytics up: \(error)")
            return 1
        }
    }
}

extension UpArguments {
    /// The embedded system that these arguments ask for; an outside broker and database come from the environment.
    var stack: StackOptions {
        var stack = StackOptions()
        stack.directory = directory
        stack.apiPort = apiPort
        stack.collectorFile = collectorFile
        stack.webhookURL = webhookURL
        stack.logLevel = logLevel
        stack.bootstrapServers = ProcessEnvironment.all["KAFKA_BOOTSTRAP_SERVERS"]
        stack.databaseURL = ProcessEnvironment.all["DATABASE_URL"]
        return stack
    }
}

extension Stack {
    /// Where a person finds what.
    var whereToLook: String {
        var text = """

            API        \(apiURL)/swagger
            """
        if let admin { text += "\nsign in    \(admin.name), password \(admin.password) (shown once)" }
        text += """

            broker     \(bootstrapServers)
            logs       \(folder.path("logs"))
            health     \(Self.services.map { "\($0) :\(healthPorts[$0] ?? 0)" }.joined(separator: ", "))
            stop it    Ctrl-C

            """
        return text
    }
}
