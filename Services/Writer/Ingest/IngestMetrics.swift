import Codec
import Kafka
import Runtime

extension LogKey {
    static let inputTopic: LogKey = "kafka.topic"
    static let inputPartition: LogKey = "kafka.partition"
    static let inputOffset: LogKey = "kafka.offset"
    static let reason: LogKey = "reason"
    static let detail: LogKey = "detail"
    static let firstMissing: LogKey = "gap.first"
    static let lastMissing: LogKey = "gap.last"
    static let streamName: LogKey = "stream"
    static let table: LogKey = "table"
    static let tables: LogKey = "tables"
    static let schemaVersion: LogKey = "schema.version"
    static let migrationName: LogKey = "migration"
}

/// What happens while messages are stored: each event is its log line and its counter together.
struct IngestMetrics: Sendable {
    private let logger: Logger
    private let batches: Counter
    private let messages: Counter
    private let rows: Counter
    private let samples: Counter
    private let duplicates: Counter
    private let expired: Counter
    private let gaps: Counter
    private let missing: Counter
    private let deadLetters: Counter
    private let fenced: Counter
    private let held: Gauge
    private let batchSeconds: Histogram
    private let freshness: Histogram

    init(_ registry: MetricRegistry, logger: Logger) {
        self.logger = logger
        batches = registry.counter("writer_batches_total", help: "Transactions committed.")
        messages = registry.counter("writer_messages_total", help: "Messages stored.")
        rows = registry.counter("writer_rows_total", help: "Rows of samples stored.")
        samples = registry.counter(
            "writer_samples_total", help: "Samples stored: numbers, labels and nulls not counted.")
        duplicates = registry.counter("writer_duplicates_total", help: "Messages dropped because they had come before.")
        expired = registry.counter(
            "writer_expired_total", help: "Tables dropped because they came later than what is kept (retention.hot).")
        gaps = registry.counter("writer_gaps_total", help: "Holes noted in streams and partitions.")
        missing = registry.counter("writer_missing_messages_total", help: "Messages that never came.")
        deadLetters = registry.counter("writer_dead_letters_total", help: "Messages that could not be used.")
        fenced = registry.counter("writer_fenced_total", help: "Batches rolled back, for another writer had moved on.")
        held = registry.gauge("writer_held_partitions", help: "Partitions that wait for a newer writer.")
        batchSeconds = registry.histogram(
            "writer_batch_seconds", help: "From a batch's arrival to its commit.", buckets: Histogram.latencyBuckets)
        freshness = registry.histogram(
            "writer_freshness_seconds", help: "A table's age when it was committed.",
            buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600])
    }

    func committed(_ plan: BatchPlan, rows count: Int, took duration: Duration, now: Int64) {
        batches.add()
        messages.add(plan.items.count)
        rows.add(count)
        duplicates.add(plan.duplicates)
        if plan.expired > 0 {
            expired.add(plan.expired)
            logger.warning("Tables came later than what is kept", [.tables: LogValue(plan.expired)])
        }
        batchSeconds.observe(duration)
        var samples = 0
        for item in plan.items {
            guard case .table(let table) = item.input else { continue }
            samples += table.sampleCount
            freshness.observe(Double(now - table.time) / 1e6)
        }
        self.samples.add(samples)
        for gap in plan.gaps {
            gaps.add()
            missing.add(Int(clamping: gap.last - gap.first + 1))
            logger.warning(
                "Messages of a stream are missing",
                [
                    .streamName: .string("\(gap.stream.producer)/\(gap.stream.partition.topic)/\(gap.stream.key)"),
                    .firstMissing: .integer(Int64(gap.first)), .lastMissing: .integer(Int64(gap.last)),
                ])
        }
    }

    func buried(_ letter: DeadLetter) {
        deadLetters.add()
        logger.warning(
            "A message went to the dead letters",
            [
                .inputTopic: .string(letter.topic), .inputPartition: .integer(Int64(letter.partition)),
                .inputOffset: .integer(letter.offset), .reason: .string(letter.reason),
                .detail: .string(letter.detail),
            ])
    }

    /// Each of them is a line of the consumer loop.
    func holds(_ count: Int) { held.set(count) }

    func lostOffsets(_ partition: TopicPartition, _ from: Int64, _ to: Int64) {
        gaps.add()
        missing.add(Int(clamping: to - from))
        logger.error(
            "Messages were gone before they were read",
            [
                .inputTopic: .string(partition.topic), .inputPartition: .integer(Int64(partition.partition)),
                .firstMissing: .integer(from), .lastMissing: .integer(to - 1),
            ])
    }

    func wasFenced(_ error: any Error) {
        fenced.add()
        logger.warning("Fenced by another writer", [.errorMessage: LogValue("\(error)")])
    }

    func couldNotDrop(_ table: String) {
        logger.warning(
            "Partitions past their retention stay until nobody reads or locks their table any more",
            [.table: .string(table)])
    }

    func dropped(_ table: String) { logger.info("Dropped a partition past its retention", [.table: .string(table)]) }
}
