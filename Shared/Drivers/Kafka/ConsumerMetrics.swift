import Runtime
import Synchronization

/// The numbers a consumer keeps, all labelled with its group.
final class ConsumerMetrics: Sendable {
    private let registry: MetricRegistry
    private let group: String
    private let records: Counter
    private let bytes: Counter
    private let batches: Histogram
    private let pausedGauge: Gauge
    private let heldGauge: Gauge
    private let progress: Gauge
    private let cache = Mutex((errors: [KafkaError.Code: Counter](), lags: [TopicPartition: Gauge]()))

    init(_ registry: MetricRegistry, group: String) {
        self.registry = registry
        self.group = group
        records = registry.counter(
            "kafka_consumer_records_total", help: "Records handed over.", labels: ["group": group])
        bytes = registry.counter(
            "kafka_consumer_bytes_total", help: "Key and value bytes handed over.", labels: ["group": group])
        batches = registry.histogram(
            "kafka_consumer_batch_seconds", help: "Time the service took for a batch, successful or not.",
            labels: ["group": group], buckets: Histogram.latencyBuckets)
        pausedGauge = registry.gauge(
            "kafka_consumer_paused", help: "1 while everything is paused because the service cannot go on.",
            labels: ["group": group])
        heldGauge = registry.gauge(
            "kafka_consumer_held_partitions", help: "Partitions that wait for a newer version of the service.",
            labels: ["group": group])
        // librdkafka's own poll timer is reset by polling any queue before 2.1.0 and so hides a wedged consumer (#4176).
        progress = registry.gauge(
            "kafka_consumer_last_progress_seconds", help: "When a batch was last dealt with, in seconds since 1970.",
            labels: ["group": group])
    }

    func took(records count: Int, bytes size: Int) {
        records.add(count)
        bytes.add(size)
    }

    func batch(_ duration: Duration) { batches.observe(duration.seconds) }
    func paused(_ isPaused: Bool) { pausedGauge.set(isPaused ? 1.0 : 0.0) }
    func held(_ count: Int) { heldGauge.set(Double(count)) }
    func progressed() { progress.set(Double(WallClock.microseconds()) / 1e6) }

    func failed(_ code: KafkaError.Code) {
        cache.withLock { cache in
            if let counter = cache.errors[code] { return counter }
            let counter = registry.counter(
                "kafka_consumer_errors_total", help: "Errors of the consumer, by code.",
                labels: ["group": group, "code": code.rawValue])
            cache.errors[code] = counter
            return counter
        }.add()
    }

    /// The records between what is dealt with and the end; nil when the partition is ours no more.
    func lag(_ partition: TopicPartition, _ count: Int64?) {
        cache.withLock { cache in
            if let gauge = cache.lags[partition] { return gauge }
            let gauge = registry.gauge(
                "kafka_consumer_lag_records", help: "Records not dealt with yet, of partitions assigned to us.",
                labels: ["group": group, "topic": partition.topic, "partition": String(partition.partition)])
            cache.lags[partition] = gauge
            return gauge
        }.set(Double(count ?? 0))
    }
}
