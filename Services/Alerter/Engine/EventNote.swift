/// Something that happened to an alert, on its way to the topic `alerts`.
struct EventNote: Sendable, Equatable, Codable {
    enum Kind: String, Sendable, Codable {
        case stateChange, delivery
    }

    /// Derived from what happened: the same happening has the same identity, however often it is told.
    let identity: String
    let kind: Kind
    let fingerprint: String
    let rule: String
    let instance: String
    /// pending, firing, resolved or inactive.
    let state: String
    let time: Int64
    var startsAt: Int64?
    var endsAt: Int64?
    var value: Double?
    var labels: Labels = [:]
    var annotations: Labels = [:]
    var receiver = ""
    var deliveryStatus = ""
    var attempt = 0
    var httpStatus: Int?
    var detail = ""

    /// An alert's change of state.
    init(_ change: AlertBook.Change) {
        let alert = change.alert
        let since = alert.startsAt ?? alert.activeAt
        switch change.step {
        case .pending: state = "pending"
        case .firing: state = "firing"
        case .resolved: state = "resolved"
        case .inactive: state = "inactive"
        }
        identity = "\(alert.fingerprint)/\(since)/\(state)"
        kind = .stateChange
        fingerprint = alert.fingerprint
        rule = alert.rule
        instance = alert.instance
        time = change.time
        startsAt = since
        endsAt = change.step == .resolved || change.step == .inactive ? change.time : nil
        value = alert.value
        labels = alert.labels
        annotations = alert.annotations
    }

    /// What came of a delivery.
    init(_ note: NotificationBook.Note, at time: Int64) {
        let delivery = note.delivery
        identity = "\(delivery.id)/\(delivery.attempts)/\(note.status.rawValue)"
        kind = .delivery
        fingerprint = delivery.fingerprint
        rule = delivery.rule
        instance = delivery.instance
        state = delivery.kind == .resolve ? "resolved" : "firing"
        self.time = time
        startsAt = delivery.startsAt
        receiver = delivery.receiver
        deliveryStatus = note.status.rawValue
        attempt = delivery.attempts
        httpStatus = note.httpStatus
        detail = note.detail
    }
}
