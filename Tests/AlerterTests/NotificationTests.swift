import Codec
import Foundation
import Testing

@testable import Alerter

struct NotificationTests {
    @Test func `A failing receiver is tried again, later each time, with the same message`() throws {
        let line = try EngineTimeline()
        line.answers = Array(
            repeating: .retry(status: 500, after: nil, mayHaveArrived: false, detail: "HTTP 500"), count: 3)
        line.cycle(waits: [9])
        line.pass(10) { _ in }
        #expect(line.takeReceived() == Array(repeating: "trigger LockWait x", count: 4))
        #expect(Set(line.deliveries.map(\.id)).count == 1)
        #expect(
            line.engine.events.filter { $0.kind == .delivery }.map(\.deliveryStatus) == [
                "retrying", "retrying", "retrying", "delivered",
            ])
        #expect(Set(line.engine.events.map(\.identity)).count == line.engine.events.count)
    }

    @Test func `Retry-After is honoured`() throws {
        let line = try EngineTimeline()
        line.answers = [.retry(status: 429, after: 30_000_000, mayHaveArrived: false, detail: "")]
        line.cycle(waits: [9])
        line.pass(29) { if $0 % 10 == 0 { line.cycle(waits: [9]) } }
        #expect(line.takeReceived().count == 1)
        line.pass(1)
        #expect(line.takeReceived() == ["trigger LockWait x"])
    }

    @Test func `A page that nobody got is taken back when it is over`() throws {
        let line = try EngineTimeline()
        line.answers = Array(
            repeating: .retry(status: nil, after: nil, mayHaveArrived: false, detail: "refused"), count: 50)
        line.cycle(waits: [9])
        line.pass(6)
        line.cycle()
        line.answers = []
        _ = line.takeReceived()
        line.pass(600) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived() == [])
        #expect(line.engine.events.last?.deliveryStatus == "cancelled")
    }

    @Test func `A page that may have arrived is delivered for sure, and then resolved`() throws {
        let line = try EngineTimeline()
        line.answers = Array(
            repeating: .retry(status: nil, after: nil, mayHaveArrived: true, detail: "timeout"), count: 4)
        line.cycle(waits: [9])
        line.pass(6)
        line.cycle()
        _ = line.takeReceived()
        line.pass(10) { if $0 % 5 == 0 { line.cycle() } }
        #expect(line.takeReceived().suffix(2) == ["trigger LockWait x", "resolve LockWait x"])
    }

    private static let unanswered = DeliveryOutcome.retry(
        status: nil, after: nil, mayHaveArrived: true, detail: "timeout")
    private static let unavailable = DeliveryOutcome.retry(
        status: 503, after: nil, mayHaveArrived: false, detail: "HTTP 503")

    @Test func `What may have arrived once is resolved, whatever later attempts come to`() throws {
        let line = try EngineTimeline()
        line.answers = [Self.unanswered] + Array(repeating: Self.unavailable, count: 4)
        line.cycle(waits: [9])
        line.pass(6)
        line.cycle()
        line.pass(60) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived().suffix(2) == ["trigger LockWait x", "resolve LockWait x"])
        #expect(line.engine.notifications.conversations.isEmpty)
    }

    @Test(arguments: [true, false]) func `What may have arrived and is refused then is resolved all the same`(
        isOverFirst: Bool
    ) throws {
        let line = try EngineTimeline()
        line.answers = [
            .retry(status: nil, after: isOverFirst ? 20_000_000 : 0, mayHaveArrived: true, detail: "timeout"),
            .refused(status: 404, detail: "HTTP 404"),
        ]
        line.cycle(waits: [9])
        line.pass(6)
        line.cycle()
        line.pass(30) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived() == ["trigger LockWait x", "trigger LockWait x", "resolve LockWait x"])
    }

    @Test func `What the earlier life began to send may have arrived, whatever the next one's attempt comes to`() throws
    {
        let line = try EngineTimeline()
        line.table("locks", ["wait": [(["pid": "1"], 9)]])
        line.engine.finishBatch(at: line.now)
        #expect(line.engine.notifications.next(at: line.now, limit: 8).count == 1)
        try line.restart(stored: line.stored())
        line.answers = Array(repeating: Self.unavailable, count: 4)
        line.pass(1)
        line.cycle()
        line.pass(6)
        line.cycle()
        line.pass(30)
        #expect(line.takeReceived().last == "resolve LockWait x")
    }

    @Test(arguments: [(500, false), (502, true), (503, false), (504, true), (408, false), (429, false)])
    func `A gateway's answer does not say that the receiver has nothing`(status: Int, mayHave: Bool) {
        guard
            case .retry(_, _, let mayHaveArrived, _) = DeliveryOutcome.of(
                status: status, retryAfter: nil, now: Moment(wall: 0, steady: 0))
        else {
            Issue.record("\(status) is tried again")
            return
        }
        #expect(mayHaveArrived == mayHave)
    }

    @Test func `A refused page has no resolve, and is tried again after the repeat interval`() throws {
        let line = try EngineTimeline { $0.notifications.repeatEvery = 60_000_000 }
        line.answers = [.refused(status: 400, detail: "HTTP 400")]
        line.cycle(waits: [9])
        line.pass(6)
        line.cycle()
        line.pass(30) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived() == ["trigger LockWait x"])
        line.answers = [.refused(status: 400, detail: "HTTP 400")]
        line.cycle(waits: [9])
        line.pass(61) { if $0 % 10 == 0 { line.cycle(waits: [20]) } }
        #expect(line.takeReceived() == ["trigger LockWait x", "trigger LockWait x"])
    }

    @Test func `A refire while the resolve is on its way comes after it`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        line.answers = [.retry(status: 503, after: nil, mayHaveArrived: false, detail: "")]
        line.pass(6)
        line.cycle()
        line.cycle(waits: [9])
        line.pass(5)
        #expect(
            line.takeReceived() == [
                "trigger LockWait x", "resolve LockWait x", "resolve LockWait x", "trigger LockWait x",
            ])
    }

    @Test func `Without a receiver nothing is sent and events still tell`() throws {
        let line = try EngineTimeline { $0.notifications.receiver = nil }
        line.cycle(waits: [9])
        line.pass(5)
        #expect(line.takeReceived() == [])
        #expect(line.told == ["firing LockWait"])
    }

    @Test(arguments: [
        (200, true, false), (204, true, false), (301, false, false), (400, false, false), (401, false, false),
        (404, false, false), (408, false, true), (410, false, false), (429, false, true), (500, false, true),
        (503, false, true), (599, false, true),
    ])
    func `An answer is read as what it means`(status: Int, delivered: Bool, again: Bool) {
        switch DeliveryOutcome.of(status: status, retryAfter: nil, now: Moment(wall: 0, steady: 0)) {
        case .delivered: #expect(delivered)
        case .retry: #expect(again)
        case .refused: #expect(!delivered && !again)
        }
    }

    @Test(arguments: [("0", 0), ("120", 120_000_000), ("Sun, 06 Nov 1994 08:49:37 GMT", 3_000_000)])
    func `Retry-After is seconds or a date`(field: String, expected: Int64) {
        let now = Moment(wall: 784_111_774_000_000, steady: 0)
        #expect(RetryPolicy.retryAfter(field, now: now) == expected)
    }

    @Test(arguments: ["", "-1", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "1.5"])
    func `Anything else is no Retry-After`(field: String) {
        #expect(RetryPolicy.retryAfter(field, now: Moment(wall: 0, steady: 0)) == nil)
    }

    @Test func `Back-off doubles to its limit, jitter only shortens it`() {
        let policy = RetryPolicy()
        #expect(
            (1...4).map { policy.delay(attempts: $0, asked: nil, jitter: 1) } == [
                500_000, 1_000_000, 2_000_000, 4_000_000,
            ])
        #expect(policy.delay(attempts: 60, asked: nil, jitter: 1) == policy.longest)
        #expect(policy.delay(attempts: 1, asked: nil, jitter: 0) == 250_000)
        #expect(policy.delay(attempts: 1, asked: 99 * 3_600_000_000, jitter: 0) == policy.longestAsked)
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00Z"), (951_782_400_000_000, "2000-02-29T00:00:00Z"),
        (1_700_000_000_123_456, "2023-11-14T22:13:20.123456Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (.max, "294247-01-10T04:00:54.775807Z"), (.min, "-290308-12-21T19:59:05.224192Z"),
    ])
    func `Times are written as RFC 3339`(time: Int64, expected: String) {
        #expect(HTTPDate.rfc3339(time) == expected)
    }

    @Test func `The body is Alertmanager's, version 4`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        let body = try JSONSerialization.jsonObject(with: Data(line.deliveries[0].body.utf8)) as? [String: Any]
        let json = try #require(body)
        #expect(json["version"] as? String == "4")
        #expect(json["status"] as? String == "firing")
        #expect(json["receiver"] as? String == "webhook")
        #expect((json["groupLabels"] as? [String: String]) == ["alertname": "LockWait", "instance": "x"])
        let alert = try #require((json["alerts"] as? [[String: Any]])?.first)
        #expect(alert["endsAt"] as? String == "0001-01-01T00:00:00Z")
        #expect((alert["annotations"] as? [String: String]) == ["summary": "LockWait 9"])
        #expect((alert["labels"] as? [String: String])?["alertname"] == "LockWait")
    }

    @Test func `A page about a finding is short, whatever the finding carries`() throws {
        // One character to a person, tens of thousands of scalars to a machine.
        let text = "SELECT e" + String(repeating: "\u{301}", count: 30_000)
        let finding = Finding(
            identity: "f1", kind: "statement_broken", instance: "x", subject: text, state: .opened,
            time: 1_700_000_000_000_000, value: 3,
            evidence: ["database", "username", "queryid", "statement", "text", "more"].map { Label($0, text) })
        var settings = EngineSettings()
        settings.notifications.receiver = "webhook"
        let rules = try RuleFile.parse(ShippedRules.text, name: "shipped", catalogue: .codec).rules
        var engine = AlertEngine(rules: rules, catalogue: .codec, settings: settings)
        let now = Moment(wall: finding.time, steady: 1)
        engine.restore(StoredState(), partitions: [0], at: now)
        let isNew = engine.ingest(FindingNews(finding, partition: 0), at: now)
        #expect(isNew)
        engine.finishBatch(at: now)
        let due = engine.notifications.next(at: now, limit: 1)
        let body = try #require(due.first).body
        #expect(body.contains("StatementBroken") && body.contains("SELECT "))
        // Six texts, in labels and in two annotations, each told twice: for the group and for the alert.
        #expect(body.utf8.count < 16 * 1_024, "\(body.utf8.count)")
        #expect(!body.unicodeScalars.split(separator: " ").contains { $0.count > 4 * FindingNews.longest })
    }

    @Test func `The fingerprint is Alertmanager's`() {
        // As `amtool` shows it for {alertname="Test"}: FNV-1a over name, 0xff, value, 0xff.
        #expect(Fingerprint.of([:]) == "cbf29ce484222325")
        #expect(Fingerprint.of(["a": "1", "b": "2"]) == Fingerprint.of(["b": "2", "a": "1"]))
        #expect(Fingerprint.of(["a": "1"]) != Fingerprint.of(["a": "2"]))
    }
}
