import Codec
import HTTP
import Kafka
import Runtime

/// A collector put together: the only place where its parts meet the drivers.
struct CollectorParts: Sendable {
    let identity: CollectorIdentity
    let spool: Spool
    let sender: Sender
    let desk: StatementDesk
    let progress: CollectorProgress
    let heartbeat: Heartbeat
    let settings: CollectorSettings
    let metrics: MetricRegistry
    let logger: Logger
    let clock = CollectorClock()

    /// Locks the state directory, opens the spool and makes the parts; nothing is sent or read yet.
    init(_ settings: CollectorSettings, logger: Logger, files: (any SpoolFileSystem)? = nil) throws {
        self.settings = settings
        metrics = MetricRegistry()
        let files = try files ?? PosixFileSystem(directory: settings.stateDirectory)
        identity = try CollectorIdentity(directory: settings.stateDirectory, configured: settings.id, files: files)
        self.logger = logger.with([.collectorID: LogValue(identity.id)])
        spool = try Spool(files: files, limits: settings.spool, logger: self.logger, metrics: metrics)
        spool.forget(instancesBut: Set(settings.servers.map(\.id)))
        sender = try Sender(
            spool: spool,
            settings: KafkaSettings(
                bootstrapServers: settings.bootstrapServers, clientID: "collector@\(hostName())",
                properties: settings.kafkaProperties, missingTopicRemedy: Topics.missingRemedy),
            prefix: settings.topicPrefix, collector: identity.id, logger: self.logger, metrics: metrics)
        desk = StatementDesk()
        progress = CollectorProgress(settings.servers, metrics: metrics)
        heartbeat = Heartbeat(
            collector: identity.id, sender: sender, spool: spool, progress: progress, interval: settings.heartbeat,
            clock: clock)
    }

    /// Runs everything until the shutdown; returns the exit status.
    func run(_ shutdown: Shutdown) async throws -> CInt {
        let health = try HealthListener(
            address: settings.healthAddress, port: settings.healthPort, metrics: metrics, logger: logger,
            ready: { [spool] in spool.trouble })
        defer { health.stop() }
        logger.info("Collecting", [.servers: LogValue(settings.servers.count)])
        // In the order of what relies on what: the shutdown goes backwards, and the servers' last cycles are spooled
        // before the spool is closed.
        let status = await runServices(
            [
                ("spool", { shutdown in await shutdown.wait() }),
                ("sender", { [sender] shutdown in await sender.run(shutdown) }),
                ("heartbeat", { [heartbeat] shutdown in await heartbeat.run(shutdown) }),
                ("servers", { shutdown in await self.collect(shutdown) }),
            ], shutdown: shutdown, grace: .seconds(15), logger: logger)
        await spool.close()
        desk.stop()
        return status
    }

    /// One task a server.
    private func collect(_ shutdown: Shutdown) async {
        // First connections of a fleet are spread over the interval, a few of them over nothing.
        let window = Int64(settings.servers.count) * 20_000 - 200_000
        await withTaskGroup(of: Void.self) { group in
            for server in settings.servers {
                group.addTask {
                    var loop = ServerLoop(
                        server, collector: identity.id, spool: spool, desk: desk, progress: progress, logger: logger,
                        clock: clock, window: window, allowance: settings.costAllowance.microseconds)
                    await loop.run(shutdown)
                }
            }
            await shutdown.wait()
            await group.waitForAll()
        }
    }
}
