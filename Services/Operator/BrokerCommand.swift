import Codec
import Glibc
import HTTP
import Kafka
import Runtime

/// The word `pganalytics broker`: librdkafka's mock cluster as a process of its own, with faults on demand.
struct BrokerCommand {
    /// Runs until a signal and returns the exit status.
    static func run(_ arguments: [String]) async -> CInt {
        do {
            let options = try BrokerArguments(arguments)
            if options.help {
                printLine(BrokerArguments.usage)
                return 0
            }
            return try await serve(options)
        } catch let error as BrokerError {
            printError("pganalytics broker: \(error)")
            return 2
        } catch {
            printError("pganalytics broker: \(error)")
            return 1
        }
    }

    private static func serve(_ options: BrokerArguments) async throws -> CInt {
        // Before anything is announced: whoever reads the address may send the signal.
        let shutdown = Shutdown.onSignals()
        let folder = try TopicsFolder.find(options.topics)
        let prefix = options.prefix ?? Topics.defaultPrefix
        let topics = try TopicsFolder.load(folder).map { (name: prefix + $0.name, partitions: $0.partitions) }
        let cluster = try MockCluster(brokers: options.brokers, topics: topics)
        let control = BrokerControl(cluster: cluster, topics: topics)
        let logger = Logger(service: "broker", level: .warning)
        let server = try HTTPServer(
            HTTPServerSettings(address: "127.0.0.1", port: options.controlPort), logger: logger,
            metrics: MetricRegistry()
        ) { request in control.answer(request) }
        let url = "http://127.0.0.1:\(server.port)"
        printLine("broker \(cluster.bootstrapServers)")
        printLine("control \(url)")
        if let file = options.controlFile { try write(url, to: file) }
        if let file = options.addressFile { try write(cluster.bootstrapServers, to: file) }
        await shutdown.wait()
        await server.stop(within: .seconds(2))
        cluster.close()
        return 0
    }

    /// Whole or not at all: somebody waits for the file and reads it as soon as it is there.
    private static func write(_ text: String, to path: String) throws {
        let draft = path + ".\(getpid())"
        guard let file = fopen(draft, "w") else {
            throw BrokerError("\(draft) cannot be written: \(String(cString: strerror(errno)))")
        }
        fputs(text, file)
        guard fclose(file) == 0, rename(draft, path) == 0 else {
            throw BrokerError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
