import Testing

@testable import Alerter

/// What is paged when the alerter dies and another goes on with what was stored.
struct RestartTests {
    @Test func `Killed between page and resolve it resolves once and pages no more`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        #expect(line.takeReceived() == ["trigger LockWait x"])
        try line.restart(stored: line.stored())
        line.pass(2)
        line.cycle(waits: [16])
        line.pass(2)
        #expect(line.takeReceived() == [])
        line.cycle()
        line.pass(6)
        line.cycle()
        #expect(line.takeReceived() == ["resolve LockWait x"])
    }

    @Test func `A resolve that was decided and not sent is sent after the restart`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        line.answers = [.retry(status: 503, after: nil, mayHaveArrived: false, detail: "")]
        line.pass(6)
        line.cycle()
        #expect(line.takeReceived() == ["trigger LockWait x", "resolve LockWait x"])
        try line.restart(stored: line.stored())
        line.pass(3)
        #expect(line.takeReceived() == ["resolve LockWait x"])
        #expect(line.deliveries[1].id == line.deliveries[2].id, "the same message, the same identifier")
        #expect(line.deliveries[1].body == line.deliveries[2].body)
    }

    @Test func `Killed while sending it sends again under the same identifier`() throws {
        let line = try EngineTimeline()
        line.table("locks", ["wait": [(["pid": "1"], 9)]])
        line.engine.finishBatch(at: line.now)
        let sent = line.engine.notifications.next(at: line.now, limit: 8)
        #expect(sent.count == 1)
        try line.restart(stored: line.stored())
        line.pass(1)
        #expect(line.takeReceived() == ["trigger LockWait x"])
        #expect(line.deliveries[0].id == sent[0].id)
        #expect(line.deliveries[0].attempts == 2)
    }

    @Test func `Silent before the restart is silent after it, without a resolve between`() throws {
        let line = try EngineTimeline()
        line.cycle()
        line.pass(40)
        #expect(line.takeReceived() == ["trigger CollectorSilent x"])
        try line.restart(stored: line.stored())
        line.pass(100)
        #expect(line.takeReceived() == [])
        line.cycle()
        line.pass(1)
        #expect(line.takeReceived() == ["resolve CollectorSilent x"])
    }

    @Test func `A collector that died while the alerter was down is noticed`() throws {
        let line = try EngineTimeline()
        line.cycle()
        try line.restart(stored: line.stored(), lost: 600)
        line.pass(20)
        #expect(line.takeReceived() == [])
        line.pass(20)
        #expect(line.takeReceived() == ["trigger CollectorSilent x"])
    }

    @Test func `An open finding is still open after a restart`() throws {
        let line = try EngineTimeline()
        line.finding("opened")
        try line.restart(stored: line.stored())
        line.pass(30) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived() == ["trigger StatementBroken x"])
        line.finding("resolved")
        #expect(line.takeReceived() == ["resolve StatementBroken x"])
        try line.restart(stored: line.stored())
        line.finding("opened")
        #expect(line.takeReceived() == [], "replayed")
    }

    @Test func `A rule that is gone ends its alerts`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        var stored = try line.stored()
        let alert = try #require(stored.alerts.first)
        stored.alerts = [
            Alert(
                fingerprint: alert.fingerprint, rule: "Gone", instance: alert.instance, labels: alert.labels,
                annotations: [:], value: 1, at: alert.activeAt)
        ]
        stored.alerts[0].state = .firing
        stored.alerts[0].startsAt = alert.startsAt
        line.received = []
        try line.restart(stored: stored)
        line.pass(1)
        #expect(line.takeReceived() == ["resolve Gone x"])
    }

    @Test func `Started without its database it pages from what comes, and takes over what was stored when it can`()
        throws
    {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        let stored = try line.stored()
        line.received = []
        // Restarted; the database is away.
        line.engine = AlertEngine(
            rules: try EngineTimeline.rules(), catalogue: EngineTimeline.catalogue, settings: line.engine.settings)
        line.engine.silence.listens(true, at: line.now)
        line.pass(5)
        line.cycle(waits: [14])
        #expect(line.takeReceived() == ["trigger LockWait x"], "whether it was paged before cannot be known")
        line.pass(20) { if $0 % 10 == 0 { line.cycle(waits: [20]) } }
        line.engine.restore(stored, partitions: [0], at: line.now)
        line.pass(20) { if $0 % 10 == 0 { line.cycle(waits: [40]) } }
        #expect(line.takeReceived() == [], "no second page")
        line.cycle()
        line.pass(6)
        line.cycle()
        line.pass(30) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived() == ["resolve LockWait x"], "and one resolve")
        #expect(line.engine.notifications.conversations.isEmpty)
    }

    @Test(arguments: [true, false]) func `A page that waited in the database is not sent when it was told meanwhile`(
        isUnderWay: Bool
    ) throws {
        let line = try EngineTimeline()
        let unavailable = DeliveryOutcome.retry(status: 503, after: 60_000_000, mayHaveArrived: false, detail: "")
        line.answers = [unavailable]
        line.cycle(waits: [9])
        let stored = try line.stored()
        #expect(stored.deliveries.map(\.kind) == [.trigger])
        line.received = []
        // Restarted; the database is away.
        line.engine = AlertEngine(
            rules: try EngineTimeline.rules(), catalogue: EngineTimeline.catalogue, settings: line.engine.settings)
        line.engine.silence.listens(true, at: line.now)
        line.now.wall += 5_000_000
        line.now.steady += 5_000_000
        line.table("cycle", ["up": [([:], 1)]])
        line.table("locks", ["wait": [(["pid": "0"], 14)]])
        line.engine.finishBatch(at: line.now)
        var due = line.engine.notifications.next(at: line.now, limit: 8)
        func answer() {
            for delivery in due {
                _ = line.engine.notifications.finished(delivery.id, .delivered(status: 200), at: line.now, jitter: 1)
            }
            due = []
        }
        if !isUnderWay { answer() }
        line.engine.restore(stored, partitions: [0], at: line.now)
        answer()
        line.pass(70) { if $0 % 10 == 0 { line.cycle(waits: [40]) } }
        #expect(line.takeReceived() == [], "the receiver has it under the same dedup key")
        line.cycle()
        line.pass(6)
        line.cycle()
        #expect(line.takeReceived() == ["resolve LockWait x"])
        #expect(line.engine.notifications.conversations.isEmpty && line.engine.notifications.deliveries.isEmpty)
    }

    @Test func `Before its stored state is back nothing stored ends`() throws {
        let line = try EngineTimeline()
        line.finding("opened")
        let stored = try line.stored()
        line.received = []
        line.engine = AlertEngine(
            rules: try EngineTimeline.rules(), catalogue: EngineTimeline.catalogue, settings: line.engine.settings)
        line.engine.silence.listens(true, at: line.now)
        line.cycle()
        line.pass(5)
        line.engine.restore(stored, partitions: [0], at: line.now)
        line.pass(5)
        line.cycle()
        line.pass(5)
        #expect(line.takeReceived() == [])
        line.finding("resolved")
        #expect(line.takeReceived() == ["resolve StatementBroken x"])
    }

    @Test func `What another alerter took over is dropped without a word`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        _ = try line.stored()
        line.received = []
        line.engine.forget(partitions: [0])
        line.pass(100)
        #expect(line.takeReceived() == [])
        #expect(line.engine.takeJournal().isEmpty)
        #expect(line.engine.instances.isEmpty)
    }
}
