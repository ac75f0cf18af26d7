import Codec
import Kafka
import Runtime

/// Publishes alert events in their order, and drops from the journal what Kafka has acknowledged.
struct EventPublisher: Sendable {
    let desk: AlertDesk
    let keeper: JournalKeeper
    let producer: KafkaProducer
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
            let sent = zip(events, results).prefix { $0.1 == nil }.map(\.0.identity)
            if !sent.isEmpty {
                desk.with { $0.published(Set(sent)) }
                metrics.published.add(sent.count)
                await keeper.save()
            }
            if let error = results.compactMap({ $0 }).first {
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
