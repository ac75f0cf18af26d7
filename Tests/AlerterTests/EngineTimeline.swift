import Foundation
import Testing

@testable import Alerter

/// An engine on a virtual timeline, with a receiver that answers as it is told: at a time so much comes, and so much is
/// said about it.
final class EngineTimeline {
    static let catalogue = SeriesCatalogue(origins: [
        "up": .family("cycle"), "wait": .family("locks"), "used": .family("connections"),
        "most": .family("connections"),
        SeriesCatalogue.Own.silentSeconds: .own, SeriesCatalogue.Own.intervalSeconds: .own,
        SeriesCatalogue.Own.findingOpen: .own, SeriesCatalogue.Own.storageUp: .own,
    ])

    /// Rules in the manner of the shipped ones.
    static func rules() throws -> [Rule] {
        func rule(
            _ name: String, _ text: String, for holdFor: Int64 = 0, keep: Int64 = 0, labels: [String: String] = [:]
        ) throws -> Rule {
            Rule(
                group: "g", name: name, expression: try ExpressionParser.parse(text, catalogue: catalogue), text: text,
                holdFor: holdFor * 1_000_000, keepFiringFor: keep * 1_000_000,
                labels: try labels.mapValues { try Template($0, catalogue: catalogue) },
                annotations: ["summary": try Template("\(name) {{ $value }}", catalogue: catalogue)])
        }
        return [
            try rule("ServerDown", "max by (instance) (up) == 0", for: 10, keep: 10),
            try rule("LockWait", "max by (instance) (wait) > 5", keep: 5),
            try rule("Near", "used / most > 0.8"),
            try rule("Busy", "used > 1000 unless on (instance) wait < 1"),
            try rule("Both", "pganalytics_finding_open{kind=\"both\"} and on (instance) used > 10"),
            try rule(
                "CollectorSilent",
                "pganalytics_instance_silent_seconds > 30 and pganalytics_instance_silent_seconds > 3 * pganalytics_instance_interval_seconds",
                labels: ["inhibits": "instance"]),
            try rule("StatementBroken", "pganalytics_finding_open{kind=\"statement_broken\"} > 0"),
            try rule("StorageDown", "pganalytics_storage_up == 0", for: 10),
        ]
    }

    var engine: AlertEngine
    var now = Moment(wall: 1_700_000_000_000_000, steady: 50_000_000)
    /// What the receiver got: "trigger LockWait x".
    var received: [String] = []
    /// The `webhook-id`s and bodies it got.
    var deliveries: [Delivery] = []
    /// Answers to come, a success when there are none.
    var answers: [DeliveryOutcome] = []
    /// The server's clock less ours.
    var skew: Int64 = 0

    init(_ change: (inout EngineSettings) -> Void = { _ in }) throws {
        var settings = EngineSettings()
        settings.notifications.receiver = "webhook"
        change(&settings)
        engine = AlertEngine(rules: try Self.rules(), catalogue: Self.catalogue, settings: settings)
        engine.restore(StoredState(), partitions: [0], at: now)
        engine.silence.listens(true, at: now)
    }

    /// A table of one series each, with the labels given.
    func table(
        _ family: String, _ series: [String: [(Labels, Double)]], instance: String = "x",
        stream: String = "c/samples/x",
        at time: Int64? = nil, clockOffset: Int64? = nil
    ) {
        let samples = series.mapValues { rows in
            rows.map { Sample(labels: $0.0.merging(["instance": instance]) { own, _ in own }, value: $0.1) }
        }
        _ = engine.ingest(
            TableNews(
                family: family, instance: instance, collector: "c", partition: 0, stream: stream,
                time: time ?? now.wall + skew, interval: 10_000_000, clockOffset: clockOffset,
                samples: samples), at: now)
    }

    /// One cycle of an instance: whether the server answered, and how long its lock waiters have waited.
    func cycle(up: Bool = true, waits: [Double] = [], instance: String = "x") {
        table("cycle", ["up": [(["outcome": up ? "ok" : "connection"], up ? 1 : 0)]], instance: instance)
        if up {
            let rows = waits.enumerated().map { (["pid": "\($0.offset)"], $0.element) }
            table("locks", ["wait": rows], instance: instance)
        }
        finish()
    }

    func finding(
        _ state: String, _ identity: String = "f1", kind: String = "statement_broken", value: Double = 3,
        instance: String = "x", at time: Int64? = nil
    ) {
        _ = engine.ingest(
            FindingNews(
                identity: identity, instance: instance, partition: 0, time: time ?? now.wall,
                isOver: state == "resolved", labels: ["instance": instance, "kind": kind, "subject": "s"],
                value: value), at: now)
        finish()
    }

    /// The batch ends, and what is due is sent.
    func finish() {
        engine.finishBatch(at: now)
        send()
    }

    /// Sends what is due and answers it.
    func send() {
        while true {
            let due = engine.notifications.next(at: now, limit: 8)
            if due.isEmpty { return }
            for delivery in due {
                received.append("\(delivery.kind.rawValue) \(delivery.rule) \(delivery.instance)")
                deliveries.append(delivery)
                let answer = answers.isEmpty ? .delivered(status: 200) : answers.removeFirst()
                if let note = engine.notifications.finished(delivery.id, answer, at: now, jitter: 1) {
                    engine.add(EventNote(note, at: now.wall))
                }
            }
        }
    }

    /// Time passes in ticks of a second.
    func pass(_ seconds: Int, _ each: (Int) -> Void = { _ in }) {
        for second in 1...max(seconds, 1) where seconds > 0 {
            now.wall += 1_000_000
            now.steady += 1_000_000
            each(second)
            engine.tick(at: now)
            send()
        }
    }

    /// What was received since the last call.
    func takeReceived() -> [String] {
        defer { received = [] }
        return received
    }

    /// States that events told of, in order.
    var told: [String] { engine.events.filter { $0.kind == .stateChange }.map { "\($0.state) \($0.rule)" } }

    /// The process is killed and another goes on with what was stored.
    func restart(stored: StoredState, lost seconds: Int64 = 5) throws {
        var settings = engine.settings
        settings.notifications.receiver = "webhook"
        engine = AlertEngine(rules: try Self.rules(), catalogue: Self.catalogue, settings: settings)
        now.wall += seconds * 1_000_000
        now.steady += seconds * 1_000_000
        engine.restore(stored, partitions: [0], at: now)
        engine.silence.listens(true, at: now)
    }

    /// What a database would hold: every row that was ever written and not deleted.
    func stored() throws -> StoredState {
        let journal = engine.takeJournal()
        for (kind, rows) in journal.upserts { for row in rows { disk[kind, default: [:]][row.key] = row.json } }
        for (kind, keys) in journal.deletes { for key in keys { disk[kind]?[key] = nil } }
        func all<T: Decodable>(_ kind: Journal.Kind, _ type: T.Type) throws -> [T] {
            try (disk[kind] ?? [:]).sorted { $0.key < $1.key }.map {
                try StateCoding.decoder().decode(T.self, from: .init($0.value.utf8))
            }
        }
        return StoredState(
            alerts: try all(.alerts, Alert.self), instances: try all(.instances, WatchedInstance.self),
            findings: try all(.findings, OpenFinding.self), events: try all(.events, EventNote.self),
            conversations: try all(.conversations, NotificationBook.Conversation.self),
            deliveries: try all(.deliveries, Delivery.self))
    }

    private var disk: [Journal.Kind: [String: String]] = [:]
}
