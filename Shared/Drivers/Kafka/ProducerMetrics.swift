import Runtime
import Synchronization

/// The numbers a producer keeps; handles are made once, errors' by code when first seen.
final class ProducerMetrics: Sendable {
    private let registry: MetricRegistry
    private let records: Counter
    private let bytes: Counter
    private let latency: Histogram
    private let errors = Mutex<[KafkaError.Code: Counter]>([:])

    init(_ registry: MetricRegistry) {
        self.registry = registry
        records = registry.counter("kafka_producer_records_total", help: "Records acknowledged.")
        bytes = registry.counter("kafka_producer_bytes_total", help: "Key and value bytes of acknowledged records.")
        latency = registry.histogram(
            "kafka_producer_ack_seconds", help: "Time from handing a record over to its acknowledgement.",
            buckets: Histogram.latencyBuckets)
    }

    func delivered(bytes count: Int, microseconds: Int64) {
        records.add()
        bytes.add(count)
        if microseconds >= 0 { latency.observe(Double(microseconds) / 1e6) }
    }

    func failed(_ code: KafkaError.Code) {
        errors.withLock { errors in
            if let counter = errors[code] { return counter }
            let counter = registry.counter(
                "kafka_producer_errors_total", help: "Records not delivered, by error.", labels: ["code": code.rawValue]
            )
            errors[code] = counter
            return counter
        }.add()
    }
}
