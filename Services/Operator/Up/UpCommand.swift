import Glibc
import Runtime

/// `pganalytics up`: the embedded system, and with `--demo` something to look at.
enum UpCommand {
    static func run(_ arguments: [String]) async -> CInt {
        let options: UpArguments
        do throws(StackError) {
            options = try UpArguments(arguments, environment: ProcessEnvironment.all)
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
        // A signal while things are still being started cancels the start, which then takes back what it had done.
        let work = Task {
            if options.demo { return try await Demo.run(options, logger: logger) }
            return try await serve(options, shutdown, logger)
        }
        let watcher = Task {
            await shutdown.wait()
            work.cancel()
        }
        defer { watcher.cancel() }
        do {
            return try await work.value
        } catch  where shutdown.isRequested {
            printLine("interrupted")
            return options.demo ? 1 : 0
        } catch {
            printError("pganalytics up: \(error)")
            return 1
        }
    }

    private static func serve(_ options: UpArguments, _ shutdown: Shutdown, _ logger: Logger) async throws -> CInt {
        let stack = try await Stack.start(options.stack, logger: logger) { printLine("  \($0)") }
        printLine(stack.whereToLook)
        do {
            try await stack.whileBrokerRuns { await shutdown.wait() }
        } catch {
            await stack.stop()
            throw error
        }
        printLine("stopping…")
        await stack.stop()
        return 0
    }
}

extension UpArguments {
    /// The embedded system that these arguments ask for.
    var stack: StackOptions {
        var stack = StackOptions()
        stack.directory = directory
        if let apiPort { stack.apiPort = apiPort }
        stack.collectorFile = collectorFile
        stack.webhookURL = webhookURL
        stack.logLevel = logLevel
        stack.bootstrapServers = bootstrapServers
        stack.databaseURL = databaseURL
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
