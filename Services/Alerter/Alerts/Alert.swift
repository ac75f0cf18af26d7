/// One alert: a rule that holds, or held a moment ago, for one set of labels. Inactive is not to be there.
///
/// Pure: every step is told the time of the data it looks at.
struct Alert: Sendable, Equatable, Codable {
    enum State: String, Sendable, Codable {
        case pending, firing
    }

    let fingerprint: String
    let rule: String
    let instance: String
    let labels: Labels
    var annotations: Labels
    var value: Double
    var state = State.pending
    /// Since when it has held.
    var activeAt: Int64
    /// Since when it has fired; what receivers know as its start.
    var startsAt: Int64?
    /// When it was last seen to hold.
    var lastHeld: Int64

    /// It mutes the other alerts of its instance while it fires.
    var isInhibitor: Bool { labels[Rule.inhibitingLabel] == "instance" }

    /// What became of an alert in an evaluation.
    enum Step: Sendable, Equatable {
        case pending, firing, resolved, inactive
    }

    init(
        fingerprint: String, rule: String, instance: String, labels: Labels, annotations: Labels, value: Double,
        at time: Int64
    ) {
        self.fingerprint = fingerprint
        self.rule = rule
        self.instance = instance
        self.labels = labels
        self.annotations = annotations
        self.value = value
        activeAt = time
        lastHeld = time
    }

    /// It holds at `time`; returns what changed by it.
    mutating func holds(_ value: Double, at time: Int64, for holdFor: Int64) -> Step? {
        followBack(to: time)
        self.value = value
        lastHeld = time
        return ripens(at: time, for: holdFor)
    }

    /// Time has come to `time`, and it is not known to have ended: a pending one may be due.
    mutating func ripens(at time: Int64, for holdFor: Int64) -> Step? {
        guard state == .pending, time - activeAt >= holdFor else { return nil }
        state = .firing
        startsAt = time
        return .firing
    }

    /// It does not hold at `time`. A firing one is kept for `keep_firing_for`, so that what flaps pages once.
    mutating func fails(at time: Int64, keepFiringFor: Int64) -> Step? {
        followBack(to: time)
        if state == .pending { return .inactive }
        return time - lastHeld >= keepFiringFor ? .resolved : nil
    }

    /// A server's clock that was set back must not leave the alert waiting for the old time to come again.
    private mutating func followBack(to time: Int64) {
        activeAt = min(activeAt, time)
        lastHeld = min(lastHeld, time)
    }
}
