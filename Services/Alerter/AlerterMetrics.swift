import Runtime

extension LogKey {
    static let alertRule: LogKey = "alert.rule"
    static let alertFingerprint: LogKey = "alert.fingerprint"
    static let instanceID: LogKey = "instance.id"
    static let deliveryID: LogKey = "delivery.id"
    static let deliveryAttempt: LogKey = "delivery.attempt"
    static let httpStatus: LogKey = "http.status"
    static let receiver: LogKey = "receiver.name"
    static let ruleCount: LogKey = "rule.count"
    static let topic: LogKey = "kafka.topic"
    static let partition: LogKey = "kafka.partition"
    static let offset: LogKey = "kafka.offset"
    static let batchRecords: LogKey = "batch.records"
}

/// The alerter's own numbers, made once.
struct AlerterMetrics: Sendable {
    let tables: Counter
    let late: Counter
    let duplicates: Counter
    let missing: Counter
    let deadLetters: Counter
    let ambiguities: Counter
    let delivered: Counter
    let retried: Counter
    let failed: Counter
    let published: Counter
    let publishErrors: Counter
    let droppedEvents: Counter
    let refusedEvents: Counter
    let firing: Gauge
    let queued: Gauge
    let instances: Gauge
    let storageUp: Gauge
    let transaction: Histogram
    let detection: Histogram

    init(_ registry: MetricRegistry) {
        tables = registry.counter("alerter_tables_total", help: "Sample tables that were looked at.")
        late = registry.counter("alerter_late_total", help: "Tables and findings older than what was known.")
        duplicates = registry.counter("alerter_duplicates_total", help: "Messages that had been used before.")
        missing = registry.counter("alerter_missing_total", help: "Messages of a stream that never came.")
        deadLetters = registry.counter("alerter_dead_letters_total", help: "Messages that could not be used.")
        ambiguities = registry.counter(
            "alerter_ambiguous_matches_total",
            help: "Groups of series that a rule had to match one to one and were several: they gave nothing.")
        func deliveries(_ status: String) -> Counter {
            registry.counter(
                "alerter_deliveries_total", help: "Attempts to tell a receiver, by what came of them.",
                labels: ["status": status])
        }
        delivered = deliveries("delivered")
        retried = deliveries("retrying")
        failed = deliveries("failed")
        published = registry.counter("alerter_published_total", help: "Alert events acknowledged by Kafka.")
        publishErrors = registry.counter("alerter_publish_errors_total", help: "Attempts to publish that failed.")
        droppedEvents = registry.counter(
            "alerter_dropped_events_total", help: "Alert events dropped because too many waited for Kafka.")
        refusedEvents = registry.counter(
            "alerter_refused_events_total", help: "Alert events that Kafka will never take, such as too large ones.")
        firing = registry.gauge("alerter_alerts_firing", help: "Alerts that fire.")
        queued = registry.gauge("alerter_deliveries_queued", help: "Messages that wait to be delivered.")
        instances = registry.gauge("alerter_instances", help: "Servers that are watched.")
        storageUp = registry.gauge("alerter_storage_up", help: "1 while the database answers.")
        transaction = registry.histogram(
            "alerter_transaction_seconds", help: "How long storing what changed took.",
            buckets: Histogram.latencyBuckets)
        detection = registry.histogram(
            "alerter_detect_to_delivery_seconds", help: "From deciding on a message to the receiver's answer.",
            buckets: Histogram.latencyBuckets)
    }
}
