import Runtime

extension LogKey {
    static let findingKind: LogKey = "finding.kind"
    static let findingState: LogKey = "finding.state"
    static let instanceID: LogKey = "instance.id"
    static let subject: LogKey = "statement.subject"
    static let topic: LogKey = "kafka.topic"
    static let partition: LogKey = "kafka.partition"
    static let offset: LogKey = "kafka.offset"
    static let batchRecords: LogKey = "batch.records"
}

/// The analyzer's own numbers, made once.
struct AnalyzerMetrics: Sendable {
    let tables: Counter
    let rows: Counter
    let unjudged: Counter
    let duplicates: Counter
    let missing: Counter
    let deadLetters: Counter
    let opened: Counter
    let updated: Counter
    let resolved: Counter
    let published: Counter
    let publishErrors: Counter
    let cached: Gauge
    let waiting: Gauge
    let transaction: Histogram

    init(_ registry: MetricRegistry) {
        tables = registry.counter("analyzer_tables_total", help: "Tables of the statements family that were evaluated.")
        rows = registry.counter("analyzer_rows_total", help: "Rows that were evaluated.")
        unjudged = registry.counter(
            "analyzer_rows_unjudged_total", help: "Rows flagged first, reset or evicted, or the collector's own.")
        duplicates = registry.counter("analyzer_duplicates_total", help: "Messages that had been used before.")
        missing = registry.counter("analyzer_missing_total", help: "Messages of a stream that never came.")
        deadLetters = registry.counter("analyzer_dead_letters_total", help: "Messages that could not be used.")
        func findings(_ state: String) -> Counter {
            registry.counter(
                "analyzer_findings_total", help: "Messages about findings, by state.", labels: ["state": state])
        }
        opened = findings("opened")
        updated = findings("updated")
        resolved = findings("resolved")
        published = registry.counter("analyzer_published_total", help: "Findings acknowledged by Kafka.")
        publishErrors = registry.counter("analyzer_publish_errors_total", help: "Attempts to publish that failed.")
        cached = registry.gauge("analyzer_baselines_cached", help: "Baselines in memory.")
        waiting = registry.gauge("analyzer_outbox_messages", help: "Findings in the outbox when it was last looked at.")
        transaction = registry.histogram(
            "analyzer_transaction_seconds", help: "How long a batch's transaction took.",
            buckets: Histogram.latencyBuckets)
    }

    func count(_ state: StatementBroken.Event.State) {
        switch state {
        case .opened: opened.add()
        case .updated: updated.add()
        case .resolved: resolved.add()
        }
    }
}
