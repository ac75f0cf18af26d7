import Glibc
import Postgres
import Runtime

/// `pganalytics up --demo`: the embedded system over a loaded server with planted faults, then the report.
enum Demo {
    /// The monitored server's id.
    static let server = "shop"

    /// Runs the demo and returns 0 when all numbers agree, 1 when they do not.
    static func run(_ arguments: UpArguments, logger: Logger) async throws -> CInt {
        let timeline = Timeline(seconds: arguments.duration)
        printLine("pgAnalytics demo: \(timeline.end) s of load, then the report")
        let shop = try await Shop.start(logger: logger)
        printLine("  monitored  PostgreSQL \(shop.version) on 127.0.0.1:\(shop.postgres.port), filled and ready")
        do {
            let inbox = try WebhookInbox(logger: logger, metrics: MetricRegistry())
            let options = options(arguments, watching: shop.target, grace: timeline.grace, webhookURL: inbox.url)
            let stack = try await Stack.start(options, logger: logger) { printLine("  \($0)") }
            do {
                let status = try await stack.whileBrokerRuns {
                    try await observe(stack, shop, inbox, timeline, logger)
                }
                await stack.stop()
                await inbox.stop()
                await shop.postgres.stop()
                return status
            } catch {
                await stack.stop()
                await inbox.stop()
                throw error
            }
        } catch {
            await shop.postgres.stop()
            throw error
        }
    }

    /// The embedded system that the demo wants: what was given on the command line, and its own server and receiver.
    static func options(
        _ arguments: UpArguments, watching server: StackOptions.Server, grace: Int, webhookURL: String
    ) -> StackOptions {
        var options = arguments.stack
        options.apiPort = arguments.apiPort ?? 0
        options.servers = [server]
        options.interval = "1s"
        options.grace = "\(grace)s"
        options.webhookURL = webhookURL
        // Cycles of a second hold few calls, and this machine has other things to do: microseconds are noise here.
        options.settings["analyzer"] = ["broken.floor": "4ms"]
        return options
    }

    private static func observe(
        _ stack: Stack, _ shop: Shop, _ inbox: WebhookInbox, _ timeline: Timeline, _ logger: Logger
    ) async throws -> CInt {
        guard let admin = stack.admin else {
            throw StackError("the storage database has users already: the demo wants a new one")
        }
        let observer = Observer(stack: stack, shop: shop, inbox: inbox)
        // The first reading has nothing to be subtracted from: the load begins when it is there.
        try await waitFor("the first cycle of the monitored server", within: .seconds(30)) {
            try await observer.cyclesStored() >= 2 ? true : nil
        }
        printLine("\n  load       pgbench, the planted statement and the blocking chain for \(timeline.end) s")
        let start = ContinuousClock.now
        let progress = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(5))
                printLine("  \(await observer.progressLine(since: start))")
            }
        }
        defer { progress.cancel() }
        let counted = try await shop.load(timeline, from: start)
        progress.cancel()
        printLine("  load       ended; the last cycles come in")
        // Only now: a token of the start could have expired during a long load.
        let api = try await APIClient.login(stack.apiURL, name: admin.name, password: admin.password, logger: logger)
        let report = try await observer.report(counted, api)
        for line in report.lines { printLine(line) }
        return report.disagreements.isEmpty ? 0 : 1
    }
}
