import Codec
import Crypto

/// A finding as it stands in the outbox: identified by its cause, ready to be sent.
struct FindingMessage: Sendable, Equatable {
    /// What the reader drops when it has seen it: the finding's identity and the number of the message.
    let id: String
    let instance: String
    let time: Int64
    let payload: [UInt8]

    /// The message about an event of an instance.
    init(_ event: StatementBroken.Event, instance: String, text: String?) {
        let finding = Finding(event, instance: instance, text: text)
        id = "\(finding.identity)/\(event.number)"
        self.instance = instance
        time = event.time
        payload = finding.encoded()
    }

    init(id: String, instance: String, time: Int64, payload: [UInt8]) {
        self.id = id
        self.instance = instance
        self.time = time
        self.payload = payload
    }
}

extension Finding {
    /// The finding of an event. Its identity is made of rule, instance, subject and the start of the first window, so
    /// that whoever works the same samples through again comes to the same one.
    init(_ event: StatementBroken.Event, instance: String, text: String?) {
        let episode = event.episode
        let cause = "\(StatementBroken.kind)\n\(instance)\n\(event.subject)\n\(episode.windowStart)"
        let seconds = { (nanoseconds: Double) in nanoseconds / 1e9 }
        var evidence = [
            Label("database", event.subject.database), Label("username", event.subject.username),
            Label("queryid", String(event.subject.queryid)),
            Label("toplevel", event.subject.topLevel ? "1" : "0"),
            Label("value_seconds", "\(seconds(event.value))"), Label("p95_seconds", "\(seconds(event.p95))"),
            Label("threshold_seconds", "\(seconds(event.threshold))"), Label("calls", String(event.calls)),
            Label("baseline_cycles", String(event.samples)), Label("baseline_of", event.scope.text),
            Label("broken_cycles", String(episode.cycles)), Label("broken_calls", String(episode.calls)),
            Label("broken_mean_seconds", "\(seconds(Double(episode.total) / Double(max(episode.calls, 1))))"),
            Label("peak_seconds", "\(seconds(episode.peak))"),
        ]
        if let name = event.name { evidence.append(Label("statement", name)) }
        if let text { evidence.append(Label("text", text.beginning(StatementText.longest))) }
        if case .resolved(let reason) = event.state { evidence.append(Label("resolved_because", reason.rawValue)) }
        self.init(
            identity: String(Hex.encode(Digest.sha256(Array(cause.utf8))).prefix(32)), kind: StatementBroken.kind,
            instance: instance, subject: episode.name, state: State(event.state), time: event.time,
            windowStart: episode.windowStart, windowEnd: event.windowEnd, value: seconds(event.value),
            baseline: seconds(event.p95), threshold: seconds(event.threshold), unit: .seconds,
            samples: Int64(clamping: event.samples), summary: event.summary(text), evidence: evidence)
    }
}

extension Finding.State {
    fileprivate init(_ state: StatementBroken.Event.State) {
        switch state {
        case .opened: self = .opened
        case .updated: self = .updated
        case .resolved: self = .resolved
        }
    }
}

extension Baseline.Scope {
    /// "hour 13" or "all hours".
    fileprivate var text: String {
        switch self {
        case .hour(let hour): "hour \(hour) UTC"
        case .allHours: "all hours"
        }
    }
}

extension StatementBroken.Event {
    /// One sentence for people.
    fileprivate func summary(_ text: String?) -> String {
        let known = text.map { ", \"\($0.beginning(80))\"," } ?? ""
        let place = "Statement \(name ?? episode.name) of \(subject.username) in \(subject.database)\(known)"
        let (now, usual) = (Self.duration(value), Self.duration(p95))
        switch state {
        case .opened, .updated:
            return
                "\(place) took \(now) on average over \(calls) calls in a cycle; the 95th percentile of \(scope.text) is \(usual)."
        case .resolved(.recovered):
            return "\(place) is as it was: \(now) on average, after \(episode.cycles) broken cycles."
        case .resolved(.notRun):
            return "\(place) is not run any more, after \(episode.cycles) broken cycles."
        case .resolved(.newNormal):
            return "\(place) has been slower for so long that this is its new normal: \(now) on average."
        }
    }

    private static func duration(_ nanoseconds: Double) -> String {
        let units: [(Double, String)] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")]
        let (scale, unit) = units.first { nanoseconds >= $0.0 } ?? (1, "ns")
        let value = nanoseconds / scale
        let digits = value >= 100 ? 1.0 : 100.0
        return "\((value * digits).rounded() / digits) \(unit)"
    }
}
