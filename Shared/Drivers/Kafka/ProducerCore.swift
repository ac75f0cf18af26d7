import CRdkafka
import Glibc
import Synchronization

/// The C side of a producer: the handle, its main queue, and the loop that serves delivery reports, errors and log.
///
/// Unchecked because of the two pointers: librdkafka documents its functions as thread-safe, and both are freed only at
/// the end of `serve`, when nobody is inside `withHandle` and nobody gets in any more.
final class ProducerCore: @unchecked Sendable {
    enum Outcome {
        case queued
        case full
        case failed(KafkaError)
    }

    let settings: KafkaSettings
    let watch: ClientWatch
    let table = DeliveryTable()
    private let metrics: ProducerMetrics
    private let users = Mutex((count: 0, isDead: false))
    private let pointer: OpaquePointer
    private let queue: OpaquePointer
    private let isStopping = Atomic<Bool>(false)

    init(
        _ settings: KafkaSettings, messageLimit: Int, watch: ClientWatch, metrics: ProducerMetrics
    ) throws(KafkaError) {
        self.settings = settings
        self.watch = watch
        self.metrics = metrics
        let configuration = try Configuration(
            settings.producer(messageLimit: messageLimit), overriddenBy: settings.properties)
        rd_kafka_conf_set_events(
            configuration.pointer, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
        pointer = try configuration.makeHandle(RD_KAFKA_PRODUCER)
        queue = rd_kafka_queue_get_main(pointer)
        rd_kafka_set_log_queue(pointer, queue)
    }

    /// Runs `body` with the handle unless it was destroyed; calls from elsewhere keep it from being destroyed meanwhile.
    func withHandle<R>(_ body: (OpaquePointer) -> R) -> R? {
        let isIn = users.withLock { users in
            if !users.isDead { users.count += 1 }
            return !users.isDead
        }
        guard isIn else { return nil }
        defer { users.withLock { $0.count -= 1 } }
        return body(pointer)
    }

    // MARK: Sending

    /// Hands one record to librdkafka, which copies it. Never blocks.
    func produce(_ record: ProducerRecord, opaque: UInt) -> Outcome {
        withHandle { handle in
            // A list of our own: the headers that `rd_kafka_produceva` collects from single ones are freed twice when
            // the partition does not exist (#4628, up to 2.12). It takes ours over only when it succeeds.
            let headers = record.headers.isEmpty ? nil : rd_kafka_headers_new(record.headers.count)
            for header in record.headers {
                _ = header.value.withUnsafeBytes { value in
                    rd_kafka_header_add(
                        headers, header.name, -1, value.baseAddress ?? Self.somewhere, value.count)
                }
            }
            let error = submit(handle, record, opaque, headers)
            let code = rd_kafka_error_code(error)  // NO_ERROR for NULL
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { return .queued }
            if let headers { rd_kafka_headers_destroy(headers) }
            defer { rd_kafka_error_destroy(error) }
            if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return .full }
            return .failed(failure(code, detail: String(cString: rd_kafka_error_string(error)), topic: record.topic))
        } ?? .failed(Self.closed)
    }

    /// `rd_kafka_producev` is variadic and so not to be had from Swift; this is the same with an array.
    private func submit(
        _ handle: OpaquePointer, _ record: ProducerRecord, _ opaque: UInt, _ headers: OpaquePointer?
    ) -> OpaquePointer? {
        record.topic.withCString { topic in
            record.key.withUnsafeBytes { key in
                (record.value ?? []).withUnsafeBytes { value in
                    withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 7) { items in
                        var count = 0
                        func add(_ type: rd_kafka_vtype_t, _ fill: (inout rd_kafka_vu_t) -> Void) {
                            var item = rd_kafka_vu_t()
                            item.vtype = type
                            fill(&item)
                            items.initializeElement(at: count, to: item)
                            count += 1
                        }
                        add(RD_KAFKA_VTYPE_TOPIC) { $0.u.cstr = topic }
                        add(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = RD_KAFKA_MSG_F_COPY }
                        add(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = UnsafeMutableRawPointer(bitPattern: opaque) }
                        if !key.isEmpty {
                            add(RD_KAFKA_VTYPE_KEY) {
                                $0.u.mem.ptr = UnsafeMutableRawPointer(mutating: key.baseAddress)
                                $0.u.mem.size = key.count
                            }
                        }
                        add(RD_KAFKA_VTYPE_VALUE) {
                            // No pointer at all is a tombstone, which an empty value is not.
                            $0.u.mem.ptr =
                                record.value == nil
                                ? nil : UnsafeMutableRawPointer(mutating: value.baseAddress ?? Self.somewhere)
                            $0.u.mem.size = value.count
                        }
                        if let headers { add(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = headers } }
                        if let partition = record.partition {
                            add(RD_KAFKA_VTYPE_PARTITION) { $0.u.i32 = partition }
                        }
                        return rd_kafka_produceva(handle, items.baseAddress, count)
                    }
                }
            }
        }
    }

    /// A pointer that is not null, for something of no bytes.
    private nonisolated(unsafe) static let somewhere = UnsafeRawPointer(bitPattern: 8)!

    static let closed = KafkaError(.closed, "the producer is closed")

    /// What to tell of a record that was not delivered.
    private func failure(_ code: rd_kafka_resp_err_t, detail: String? = nil, topic: String) -> KafkaError {
        if let fatal = fatalError() { return fatal }
        var error = KafkaError.explained(code, detail: detail, subject: "topic \(topic)", settings: settings)
        if error.code == .messageTimedOut, let cause = watch.lastError {
            error = KafkaError(error.code, "\(error.message); \(cause.message)", isRetriable: true)
        }
        return error
    }

    /// The error that ended the idempotent producer's life, if one has (#4438: a sequence out of step after a time-out).
    func fatalError() -> KafkaError? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(pointer, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        let said = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The cause says what to do, whether or not it ended the producer: a missing ACL does for an idempotent one.
        let cause = KafkaError.explained(code, detail: said, settings: settings)
        return KafkaError.explained(
            RD_KAFKA_RESP_ERR__FATAL, detail: "\(cause.code): \(cause.message)", settings: settings)
    }

    /// Counts a record that librdkafka did not even take.
    func countFailure(_ code: KafkaError.Code) { metrics.failed(code) }

    /// Puts the producer into the state that a fatal error leaves behind, by librdkafka's own means for tests.
    func raiseFatalError(_ reason: String, isAuthorization: Bool = false) {
        let code =
            isAuthorization
            ? RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED : RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER
        _ = withHandle { rd_kafka_test_fatal_error($0, code, reason) }
    }

    // MARK: Serving

    /// The producer thread's whole life. It also serves during the flush: with reports as events `rd_kafka_flush` waits
    /// for somebody else to serve the queue, and for ever if nobody does.
    func serve() {
        var nextProbe = ContinuousClock.now
        while !isStopping.load(ordering: .acquiring) {
            if let event = rd_kafka_queue_poll(queue, 100) {
                handleEvent(event)
                let isReport = rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR
                // The reported messages count as queued until here: a sender woken earlier would find no room.
                rd_kafka_event_destroy(event)
                if isReport { table.madeRoom() }
            }
            if watch.needsProbe, ContinuousClock.now >= nextProbe {
                nextProbe = .now + .seconds(2)
                probe()
            }
        }
        users.withLock { $0.isDead = true }
        while users.withLock({ $0.count > 0 }) { usleep(1_000) }
        rd_kafka_queue_destroy(queue)
        // Blocks until librdkafka's threads have ended, which is why it happens here and never in a deinit.
        rd_kafka_destroy(pointer)
    }

    /// Ends `serve`.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        _ = withHandle { _ in rd_kafka_queue_yield(queue) }
    }

    private func handleEvent(_ event: OpaquePointer) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR: handleReports(event)
        case RD_KAFKA_EVENT_ERROR:
            let text = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
            watch.report(rd_kafka_event_error(event), text)
        case RD_KAFKA_EVENT_LOG:
            var facility: UnsafePointer<CChar>?
            var text: UnsafePointer<CChar>?
            var level: Int32 = 0
            if rd_kafka_event_log(event, &facility, &text, &level) == 0, let facility, let text {
                watch.log(level: level, facility: String(cString: facility), text: String(cString: text))
            }
        default: break  // a kind that was not asked for; unknown is ignored rather than fatal
        }
    }

    private func handleReports(_ event: OpaquePointer) {
        withUnsafeTemporaryAllocation(of: UnsafePointer<rd_kafka_message_t>?.self, capacity: 256) { messages in
            messages.initialize(repeating: nil)
            var number: UInt = 0
            var delivery: Delivery?
            var hasDelivered = false
            while case let count = rd_kafka_event_message_array(event, messages.baseAddress, messages.count), count > 0
            {
                for case let message? in messages.prefix(count) {
                    let opaque = UInt(bitPattern: message.pointee._private)
                    if delivery == nil || opaque >> DeliveryTable.placeBits != number {
                        number = opaque >> DeliveryTable.placeBits
                        delivery = table.find(number)
                    }
                    let error = outcome(of: message)
                    if error == nil, !hasDelivered {
                        hasDelivered = true
                        watch.flows()  // before its sender can look
                    }
                    let place = Int(opaque & (1 << DeliveryTable.placeBits - 1))
                    if delivery?.settle(place, error) == true { table.close(number) }
                }
            }
        }
    }

    private func outcome(of message: UnsafePointer<rd_kafka_message_t>) -> KafkaError? {
        let code = message.pointee.err
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else {
            metrics.delivered(
                bytes: message.pointee.len + message.pointee.key_len,
                microseconds: rd_kafka_message_latency(message))
            return nil
        }
        let error = failure(code, topic: String(cString: rd_kafka_topic_name(message.pointee.rkt)))
        metrics.failed(error.code)
        return error
    }

    /// Asks whether any broker answers, so that an error does not outlive its cause when nothing is sent.
    private func probe() {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        if rd_kafka_metadata(pointer, 0, nil, &metadata, 100) == RD_KAFKA_RESP_ERR_NO_ERROR {
            rd_kafka_metadata_destroy(metadata)
            if fatalError() == nil { watch.answered() }
        } else {
            watch.isSilent()
        }
    }
}
