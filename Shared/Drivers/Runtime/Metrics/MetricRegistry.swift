import Synchronization

/// A process's own metrics, rendered in Prometheus' text format.
///
/// Asking twice for the same name and labels gives the same handle. Keep the handles: asking takes a lock.
public final class MetricRegistry: Sendable {
    private enum Handle {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)

        var kind: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Family {
        let help: String
        let kind: String
        var handles: [String: Handle] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var beforeRender: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// An empty registry.
    public init() {}

    /// A number that only grows.
    public func counter(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter {
        guard case .counter(let handle) = handle(name, help, labels, { .counter(Counter()) }) else {
            preconditionFailure("The metric \(name) is registered as something else than a counter.")
        }
        return handle
    }

    /// A number that goes up and down.
    public func gauge(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
        guard case .gauge(let handle) = handle(name, help, labels, { .gauge(Gauge()) }) else {
            preconditionFailure("The metric \(name) is registered as something else than a gauge.")
        }
        return handle
    }

    /// How often which sizes occur; `buckets` are the upper bounds, ascending.
    public func histogram(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:],
        buckets: [Double] = Histogram.latencyBuckets
    ) -> Histogram {
        guard case .histogram(let handle) = handle(name, help, labels, { .histogram(Histogram(bounds: buckets)) })
        else { preconditionFailure("The metric \(name) is registered as something else than a histogram.") }
        return handle
    }

    /// Has `body` called before each rendering, to set gauges that are cheap to ask for and costly to keep up to date.
    public func beforeRender(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.beforeRender.append(body) }
    }

    /// All metrics in Prometheus' text format (version 0.0.4), by name.
    public func render() -> String {
        for body in state.withLock({ $0.beforeRender }) { body() }
        let families = state.withLock { $0.families }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# HELP \(name) \(MetricText.help(family.help))\n# TYPE \(name) \(family.kind)\n"
            for (labels, handle) in family.handles.sorted(by: { $0.key < $1.key }) {
                switch handle {
                case .counter(let counter): text += MetricText.line(name, labels, String(counter.value))
                case .gauge(let gauge): text += MetricText.line(name, labels, MetricText.number(gauge.value))
                case .histogram(let histogram): text += MetricText.lines(name, labels, histogram)
                }
            }
        }
        return text
    }

    private func handle(
        _ name: String, _ help: String, _ labels: KeyValuePairs<String, String>, _ make: () -> Handle
    ) -> Handle {
        precondition(MetricText.isName(name), "\(name) is not a metric name.")
        let key = MetricText.labels(labels)
        return state.withLock { state in
            if let known = state.families[name]?.handles[key] { return known }
            let new = make()
            var family = state.families[name] ?? Family(help: help, kind: new.kind)
            precondition(family.kind == new.kind, "The metric \(name) is registered as a \(family.kind) already.")
            family.handles[key] = new
            state.families[name] = family
            return new
        }
    }
}
