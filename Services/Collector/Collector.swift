import Glibc
import Kafka
import Runtime

/// `pganalytics-collector`: reads PostgreSQL servers and publishes samples, and never hurts a server.
@main
struct Collector {
    static func main() async {
        // A collector rests between its cycles, and the room of a large server's answer is not kept until the next.
        ProcessMemory.keepSmall()
        let arguments = ServiceArguments.parse(
            CollectorSettings.schema, words: [CheckCommand.word], version: CollectorVersion.text,
            about: "Reads PostgreSQL servers, keeps what it read in a spool on disk, and publishes it to Kafka.")
        do {
            let settings = try CollectorSettings(arguments.settings)
            if arguments.word == "check" { exit(await CheckCommand.run(settings)) }
            guard !settings.servers.isEmpty else {
                throw SettingsError(
                    .invalid, "no server to read: add a [[server]] with an id to the settings file (--config)")
            }
            let parts = try CollectorParts(settings, logger: arguments.logger)
            let shutdown = Shutdown.onSignals()
            // _exit: librdkafka's threads may still be ending, and nothing of ours is left to do.
            _exit(try await parts.run(shutdown))
        } catch {
            arguments.logger.error("The collector cannot start", [.errorMessage: LogValue("\(error)")])
            exit(1)
        }
    }
}
