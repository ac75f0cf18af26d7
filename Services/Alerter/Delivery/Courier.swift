import Runtime

/// Delivers what is due: notes each attempt, stored before it is made, and what came of it, stored after.
struct Courier: Sendable {
    let desk: AlertDesk
    let keeper: JournalKeeper
    let messenger: any Messenger
    let bell: Bell
    let events: Bell
    let clock: @Sendable () -> Moment
    let logger: Logger
    let metrics: AlerterMetrics

    /// So many attempts at a time.
    static let width = 8

    /// Runs until the shutdown; attempts that were begun are ended first.
    func run(until shutdown: Shutdown) async {
        await withDiscardingTaskGroup { group in
            while !shutdown.isRequested {
                let due = desk.with { $0.notifications.next(at: clock(), limit: Self.width) }
                if due.isEmpty {
                    await bell.wait(atMost: .milliseconds(200), shutdown)
                    continue
                }
                // Stored first: killed in the middle, the next alerter knows that it may have arrived.
                await keeper.save()
                for delivery in due {
                    group.addTask { await deliver(delivery) }
                }
            }
        }
    }

    private func deliver(_ delivery: Delivery) async {
        let outcome = await messenger.send(delivery, at: clock())
        let now = clock()
        let jitter = Double.random(in: 0...1)
        let note = desk.with { engine in
            let note = engine.notifications.finished(delivery.id, outcome, at: now, jitter: jitter)
            if let note { engine.add(EventNote(note, at: now.wall)) }
            return note
        }
        if let note { report(note, now) }
        await keeper.save()
        events.ring()
        // The next message of the same alert may be due now.
        bell.ring()
    }

    private func report(_ note: NotificationBook.Note, _ now: Moment) {
        let delivery = note.delivery
        let fields: KeyValuePairs<LogKey, LogValue> = [
            .alertRule: .string(delivery.rule), .instanceID: .string(delivery.instance),
            .receiver: .string(delivery.receiver), .deliveryID: .string(delivery.id),
            .deliveryAttempt: LogValue(delivery.attempts), .httpStatus: LogValue(note.httpStatus ?? 0),
            .errorMessage: .string(note.detail),
        ]
        switch note.status {
        case .delivered:
            metrics.delivered.add()
            metrics.detection.observe(Double(max(0, now.wall - delivery.createdAt)) / 1e6)
            logger.info("Delivered", fields)
        case .retrying:
            metrics.retried.add()
            logger.warning("Delivery failed, trying again", fields)
        case .failed, .cancelled:
            metrics.failed.add()
            logger.error("Delivery failed for good", fields)
        }
    }
}
