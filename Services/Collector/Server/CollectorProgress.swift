import Codec
import Runtime
import Synchronization

/// How each server fares, for the heartbeat and the collector's own metrics.
final class CollectorProgress: Sendable {
    private let instances: Mutex<[String: CollectedInstance]>
    private let cycles: Counter
    private let failures: Counter
    private let samples: Counter
    private let durations: Histogram

    init(_ servers: [ServerSettings], metrics: MetricRegistry) {
        instances = Mutex(
            Dictionary(
                uniqueKeysWithValues: servers.map {
                    (
                        $0.id,
                        CollectedInstance(
                            id: $0.id, host: $0.host, port: Int32($0.port), interval: $0.interval.microseconds,
                            lastSuccess: 0)
                    )
                }))
        cycles = metrics.counter("collector_cycles_total", help: "Cycles of all servers.")
        failures = metrics.counter("collector_cycles_failed_total", help: "Cycles in which the server did not answer.")
        samples = metrics.counter(
            "collector_samples_total", help: "Samples made durable: numbers that are neither labels nor null.")
        durations = metrics.histogram("collector_cycle_seconds", help: "How long a cycle of a server takes.")
    }

    func finished(_ server: ServerSettings, _ report: CycleReport, samples count: Int, at time: Int64) {
        cycles.add()
        samples.add(count)
        durations.observe(Double(report.duration) / 1e6)
        guard report.isUp else { return failures.add() }
        instances.withLock { $0[server.id]?.lastSuccess = time }
    }

    var all: [CollectedInstance] { instances.withLock { $0.values.sorted { $0.id < $1.id } } }
}
