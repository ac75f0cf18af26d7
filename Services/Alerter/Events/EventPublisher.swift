import Codec
import Kafka
import Runtime

/// Publishes alert events in their order, and drops from the journal what Kafka has acknowledged or will never take.
struct EventPublisher: Sendable {
    let desk: AlertDesk
    let keeper: JournalKeeper
    let producer: LastingProducer
    let topic: String
    let bell: Bell
    let logger: Logger
    let metrics: AlerterMetrics

    /// Runs until the shutdown.
    func run(until shutdown: Shutdown) async {
        var said = ""
        while !shutdown.isRequested {
            let events = desk.with { Array($0.events.prefix(500)) }
            if events.isEmpty {
                await bell.wait(atMost: .seconds(1), shutdown)
                continue
            }
            // Stored before it is sent: killed in between, it is sent again under the same identity.
            await keeper.save()
            let results = await producer.send(events.map(record))
            var done: Set<String> = []
            var failure: KafkaError?
            for (event, error) in zip(events, results) {
                if let error, !Self.isPermanent(error) {
                    failure = failure ?? error
                    continue
                }
                // What was acknowledged behind one that failed is there, and is not sent again.
                done.insert(event.identity)
                if let error { refused(event, error) } else { metrics.published.add() }
            }
            if !done.isEmpty {
                desk.with { $0.published(done) }
                await keeper.save()
            }
            if let error = failure {
                metrics.publishErrors.add()
                if said != error.message {
                    logger.warning("Alert events wait", [.errorMessage: .string(error.message)])
                }
                said = error.message
                await shutdown.sleep(for: .seconds(1))
            } else {
                said = ""
            }
        }
    }

    private static func isPermanent(_ error: KafkaError) -> Bool {
        guard !error.isRetriable, !error.isFatal else { return false }
        return error.code == .messageTooLarge || error.code.rawValue == "INVALID_RECORD"
    }

    private func refused(_ event: EventNote, _ error: KafkaError) {
        metrics.refusedEvents.add()
        logger.error(
            "Kafka will never take an alert event; it is left out",
            [
                .alertRule: .string(event.rule), .instanceID: .string(event.instance),
                .alertFingerprint: .string(event.fingerprint), .errorMessage: .string(error.message),
            ])
    }

    private func record(_ note: EventNote) -> ProducerRecord {
        let envelope = Envelope(
            Topics.alerts,
            stream: StreamName(producer: "alerter", topic: Topics.alerts.name, key: note.fingerprint),
            identity: note.identity, time: note.time)
        return ProducerRecord(
            topic: topic, key: Array(note.fingerprint.utf8), value: AlertEvent(note).encoded(),
            headers: envelope.headers)
    }
}

extension AlertEvent {
    /// The message about something that happened.
    init(_ note: EventNote) {
        func labels(_ pairs: Labels) -> [Label] { pairs.sorted { $0.key < $1.key }.map { Label($0.key, $0.value) } }
        let state: State
        switch note.state {
        case "pending": state = .pending
        case "firing": state = .firing
        case "resolved": state = .resolved
        default: state = .inactive
        }
        let status: DeliveryStatus
        switch note.deliveryStatus {
        case NotificationBook.Note.Status.delivered.rawValue: status = .delivered
        case NotificationBook.Note.Status.retrying.rawValue: status = .failed
        case "": status = .none
        default: status = .abandoned
        }
        self.init(
            identity: note.identity, fingerprint: note.fingerprint, rule: note.rule, instance: note.instance,
            kind: note.kind == .stateChange ? .stateChange : .delivery, state: state, time: note.time,
            startsAt: note.startsAt ?? 0, endsAt: note.endsAt ?? 0, value: note.value ?? 0,
            labels: labels(note.labels), annotations: labels(note.annotations), receiver: note.receiver,
            deliveryStatus: status, attempt: Int32(clamping: note.attempt),
            httpStatus: Int32(clamping: note.httpStatus ?? 0), detail: note.detail)
    }
}
