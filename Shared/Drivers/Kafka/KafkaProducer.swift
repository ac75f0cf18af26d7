import CRdkafka
public import Runtime

/// Sends records, idempotently and acknowledged by all replicas in sync.
///
/// Delivery reports are served by a thread of its own, so an acknowledgement costs microseconds and nothing sleeps.
/// `close(within:)` ends it; a producer that is just let go ends by itself, abandoning what is not acknowledged.
public final class KafkaProducer: Sendable {
    let core: ProducerCore
    let control = DedicatedThread(name: "kafka-control")
    private let service: Task<Void, Never>

    /// The largest record in bytes, with its key, its headers and what Kafka writes around them.
    public let messageLimit: Int

    /// Starts a producer. No broker needs to be there yet: an unknown property is all that can fail.
    ///
    /// - Parameter messageLimit: the largest record, unless the settings say another `message.max.bytes`.
    public init(
        _ settings: KafkaSettings, messageLimit: Int = 1 << 20, logger: Logger, metrics: MetricRegistry
    ) throws(KafkaError) {
        self.messageLimit = settings.properties[KafkaSettings.messageLimit].flatMap { Int($0) } ?? messageLimit
        let watch = ClientWatch(settings, logger: logger)
        let core = try ProducerCore(
            settings, messageLimit: messageLimit, watch: watch, metrics: ProducerMetrics(metrics))
        self.core = core
        let thread = DedicatedThread(name: "kafka-producer")
        service = Task.detached {
            try? await thread.run { core.serve() }
            thread.stop()
        }
    }

    deinit { core.stop() }

    /// What keeps records from being delivered at present, nil when nothing is known to.
    public var lastError: KafkaError? { core.fatalErrorIfOpen() ?? core.watch.lastError }

    /// Sends a batch and waits until each record was acknowledged or failed. nil means acknowledged by all replicas in
    /// sync; the order of results is that of the records.
    ///
    /// When librdkafka's queue is full this waits for room. A record that is not acknowledged in time fails after
    /// `message.timeout.ms`, which also bounds the wait. Cancelling the task takes nothing back: what was handed over
    /// may be delivered. A result that `isFatal` means that this producer can send nothing more: make a new one.
    public func send(_ records: [ProducerRecord]) async -> [KafkaError?] {
        let limit = 1 << DeliveryTable.placeBits
        guard records.count > limit else { return await sendPart(records[...]) }
        var results: [KafkaError?] = []
        for start in stride(from: 0, to: records.count, by: limit) {
            results += await sendPart(records[start..<min(start + limit, records.count)])
        }
        return results
    }

    private func sendPart(_ records: ArraySlice<ProducerRecord>) async -> [KafkaError?] {
        guard !records.isEmpty else { return [] }
        let delivery = Delivery(count: records.count)
        guard let number = core.table.open(delivery) else { return records.map { _ in ProducerCore.closed } }
        for (place, record) in records.enumerated() {
            let opaque = number << DeliveryTable.placeBits | UInt(place)
            sending: while true {
                let generation = core.table.served
                switch core.produce(record, opaque: opaque) {
                case .queued: break sending
                case .full:
                    // QUEUE_FULL is back-pressure, at start-up and on a change of leader too (#998, #848). What is in
                    // the queue is delivered or times out, so room comes within message.timeout.ms.
                    if await core.table.room(after: generation) { continue }
                    // Not this one and then the next after all: an order is kept, or an end.
                    for place in place..<records.count where delivery.settle(place, ProducerCore.closed) {
                        core.table.close(number)
                    }
                    return await delivery.results()
                case .failed(let error):
                    core.countFailure(error.code)
                    if delivery.settle(place, error) { core.table.close(number) }
                    break sending
                }
            }
        }
        return await delivery.results()
    }

    /// The id of the cluster, nil when no broker told it in time.
    public func clusterID(timeout: Duration) async -> String? {
        let core = core
        return try? await control.run { core.clusterID(timeout) }
    }

    /// Refuses new records, delivers what it has for at most this long, and ends. What could not be delivered is
    /// reported to its sender as not delivered.
    public func close(within limit: Duration) async {
        core.table.refuse()
        let core = core, control = control, service = service
        _ = await Kafka.within(limit + .seconds(1)) {
            // On another thread than the one that serves the reports, which must go on until the flush is over.
            try? await control.run { core.flush(limit) }
        }
        core.stop()
        // rd_kafka_destroy may wait for a broker thread in a system call; that is not worth waiting for.
        let hasEnded = await Kafka.within(.seconds(5)) {
            await service.value
            return true
        }
        if hasEnded == nil {
            core.watch.logger.warning("Kafka producer did not end in time and is left behind")
        }
        core.table.abandon(ProducerCore.closed)
    }
}

extension ProducerCore {
    func fatalErrorIfOpen() -> KafkaError? { withHandle { _ in fatalError() } ?? nil }

    /// Blocks up to `timeout`.
    func clusterID(_ timeout: Duration) -> String? {
        withHandle { handle in
            guard let text = rd_kafka_clusterid(handle, timeout.milliseconds) else { return nil }
            defer { rd_kafka_mem_free(handle, text) }
            return String(cString: text)
        } ?? nil
    }

    /// Blocks until all is delivered, or up to `limit`; what is left then is purged, which reports it as failed.
    func flush(_ limit: Duration) {
        _ = withHandle { handle in
            if rd_kafka_flush(handle, limit.milliseconds) != RD_KAFKA_RESP_ERR_NO_ERROR {
                rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
                rd_kafka_flush(handle, 500)
            }
        }
    }
}
