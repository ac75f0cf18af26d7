import Testing

@testable import Alerter

/// What is paged, and when, on a virtual timeline.
struct EngineTests {
    @Test func `A lock wait pages once and resolves once`() throws {
        let line = try EngineTimeline()
        for second in 1...12 {
            line.cycle(waits: [Double(second)])
            line.pass(1)
            #expect(line.takeReceived() == (second == 6 ? ["trigger LockWait x"] : []), "second \(second)")
        }
        line.cycle()
        #expect(line.takeReceived() == [], "kept firing for 5 s")
        line.pass(5)
        line.cycle()
        #expect(line.takeReceived() == ["resolve LockWait x"])
        #expect(line.told == ["firing LockWait", "resolved LockWait"])
        line.pass(20) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived() == [])
    }

    @Test func `Every message of an alert has the same dedup key and its own identifier`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        line.pass(6)
        line.cycle()
        #expect(line.received == ["trigger LockWait x", "resolve LockWait x"])
        #expect(Set(line.deliveries.map(\.id)).count == 2)
        #expect(Set(line.deliveries.map { $0.body.split(separator: "\"groupKey\":")[1].prefix(60) }).count == 1)
        #expect(line.deliveries[1].body.contains("\"status\":\"resolved\""))
    }

    @Test func `Flapping within keep_firing_for is one page`() throws {
        let line = try EngineTimeline()
        for _ in 0..<10 {
            line.cycle(waits: [9])
            line.pass(2)
            line.cycle()
            line.pass(2)
        }
        #expect(line.takeReceived() == ["trigger LockWait x"])
    }

    @Test func `A stopped server pages after its for, by the clock and not only by data`() throws {
        let line = try EngineTimeline()
        line.cycle()
        line.pass(10)
        line.cycle(up: false)
        line.pass(9)
        #expect(line.takeReceived() == [])
        line.pass(1)
        #expect(line.takeReceived() == ["trigger ServerDown x"])
        line.pass(60) { if $0 % 10 == 0 { line.cycle(up: false) } }
        #expect(line.takeReceived() == [], "once")
        line.cycle()
        line.pass(10) { _ in }
        line.cycle()
        #expect(line.takeReceived() == ["resolve ServerDown x"])
    }

    @Test func `A blink of the server pages nobody`() throws {
        let line = try EngineTimeline()
        line.cycle(up: false)
        line.pass(5)
        line.cycle()
        line.pass(30) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived() == [])
        #expect(line.told == ["pending ServerDown", "inactive ServerDown"])
    }

    @Test func `What is not known holds: a stopped server does not end its lock wait`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        line.pass(1)
        for _ in 0..<6 {
            line.cycle(up: false)
            line.pass(10)
        }
        #expect(line.takeReceived() == ["trigger LockWait x", "trigger ServerDown x"])
        line.cycle()
        line.pass(10)
        line.cycle()
        #expect(Set(line.takeReceived()) == ["resolve LockWait x", "resolve ServerDown x"])
    }

    @Test func `A killed collector is one CollectorSilent and nothing else`() throws {
        let line = try EngineTimeline()
        for _ in 0..<3 {
            line.cycle(up: true, waits: [2])
            line.pass(10)
        }
        #expect(line.takeReceived() == [])
        line.pass(60)
        #expect(line.takeReceived() == ["trigger CollectorSilent x"])
        line.pass(600)
        #expect(line.takeReceived() == [])
        line.cycle()
        line.pass(1)
        #expect(line.takeReceived() == ["resolve CollectorSilent x"])
    }

    @Test func `Silence mutes what would be paged, and what was paged still resolves after it`() throws {
        let line = try EngineTimeline { $0.notifications.repeatEvery = 100_000_000 }
        line.cycle(waits: [9])
        line.pass(95)
        #expect(line.takeReceived() == ["trigger LockWait x", "trigger CollectorSilent x"])
        line.pass(40)
        #expect(line.takeReceived() == ["reminder CollectorSilent x"], "the lock wait is muted")
        line.cycle()
        line.pass(1)
        #expect(Set(line.takeReceived()) == ["resolve CollectorSilent x", "resolve LockWait x"])
    }

    @Test func `A partition that waits for a newer alerter silences nobody`() throws {
        let line = try EngineTimeline()
        line.cycle()
        line.engine.heldPartitions = [0]
        line.pass(300)
        #expect(line.takeReceived() == [])
    }

    @Test func `Kafka away silences nobody`() throws {
        let line = try EngineTimeline()
        line.cycle()
        line.pass(5)
        line.engine.silence.listens(false, at: line.now)
        line.pass(300)
        line.engine.silence.listens(true, at: line.now)
        line.pass(20)
        #expect(line.takeReceived() == [])
    }

    @Test func `A finding pages until it is resolved`() throws {
        let line = try EngineTimeline()
        line.cycle()
        line.finding("opened")
        #expect(line.takeReceived() == ["trigger StatementBroken x"])
        line.pass(20) { if $0 % 10 == 0 { line.finding("updated", value: 4) } }
        #expect(line.takeReceived() == [])
        line.finding("resolved")
        #expect(line.takeReceived() == ["resolve StatementBroken x"])
        line.finding("opened")
        line.finding("updated")
        #expect(line.takeReceived() == [], "a repeated message does not open it again")
    }

    @Test func `A reminder comes after the repeat interval with the same dedup key`() throws {
        let line = try EngineTimeline()
        line.finding("opened")
        line.pass(4 * 3_600 + 5) { if $0 % 10 == 0 { line.cycle() } }
        #expect(line.takeReceived() == ["trigger StatementBroken x", "reminder StatementBroken x"])
        #expect(line.deliveries[0].fingerprint == line.deliveries[1].fingerprint)
        #expect(line.deliveries[0].id != line.deliveries[1].id)
    }

    @Test func `A table of the past changes nothing`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        line.table("locks", ["wait": []], stream: "other/samples/x", at: line.now.wall - 60_000_000)
        line.finish()
        line.pass(1)
        #expect(line.takeReceived() == ["trigger LockWait x"])
    }

    @Test func `A server clock that is set back does not stop the alerts`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        line.skew = -3_600_000_000
        line.pass(1)
        line.cycle(waits: [10])
        line.pass(6)
        line.cycle()
        #expect(line.takeReceived() == ["trigger LockWait x", "resolve LockWait x"])
    }

    @Test func `A table that was split is one`() throws {
        let line = try EngineTimeline()
        let time = line.now.wall
        line.table("locks", ["wait": [(["pid": "1"], 9)]], at: time)
        line.table("locks", ["wait": [(["pid": "2"], 1)]], at: time)
        line.finish()
        #expect(line.takeReceived() == ["trigger LockWait x"])
    }

    @Test func `Series of two columns are divided`() throws {
        let line = try EngineTimeline()
        line.table("connections", ["used": [([:], 81)], "most": [([:], 100)]])
        line.finish()
        #expect(line.takeReceived() == ["trigger Near x"])
        line.pass(1)
        line.table("connections", ["used": [([:], 80)], "most": [([:], 100)]])
        line.finish()
        #expect(line.takeReceived() == ["resolve Near x"])
    }

    @Test func `An old backlog pages only about what is still so`() throws {
        let line = try EngineTimeline()
        let start = line.now.wall - 3_700_000_000
        for step in Int64(0)..<60 {
            let waiting = (10..<20).contains(step) || step >= 58
            line.table("locks", ["wait": waiting ? [(["pid": "1"], 9)] : []], at: start + step * 60_000_000)
        }
        line.finish()
        #expect(line.takeReceived() == [], "the newest data is two minutes old")
        line.cycle(waits: [9])
        line.pass(1)
        #expect(line.takeReceived() == ["trigger LockWait x"])
    }

    @Test func `Old data with nothing newer behind it still pages, a little later`() throws {
        let line = try EngineTimeline()
        line.skew = -7_200_000_000
        line.cycle(waits: [9])
        line.pass(14)
        #expect(line.takeReceived() == [])
        line.pass(1)
        #expect(line.takeReceived() == ["trigger LockWait x"])
    }

    @Test func `A server whose clock is wrong is not old, once its offset is known`() throws {
        let line = try EngineTimeline()
        line.skew = -7_200_000_000
        line.table("cycle", ["up": [([:], 1)]], clockOffset: -7_200_000_000)
        line.cycle(waits: [9])
        #expect(line.takeReceived() == ["trigger LockWait x"])
    }

    @Test func `The database away is paged, and its return resolves it`() throws {
        let line = try EngineTimeline()
        line.engine.storageUp = true
        line.pass(5)
        line.engine.storageUp = false
        line.pass(9)
        #expect(line.takeReceived() == [])
        line.pass(2)
        #expect(line.takeReceived() == ["trigger StorageDown pganalytics"])
        line.cycle(waits: [9])
        #expect(line.takeReceived() == ["trigger LockWait x"], "and no other page waits for it")
        line.engine.storageUp = true
        line.pass(1)
        #expect(line.takeReceived() == ["resolve StorageDown pganalytics"])
    }

    @Test func `A server that was taken from its collector's list leaves quietly`() throws {
        let line = try EngineTimeline()
        line.cycle()
        line.pass(100)
        #expect(line.takeReceived() == ["trigger CollectorSilent x"])
        line.engine.ingest(collector: "other", reads: [], at: line.now)
        line.engine.ingest(collector: "c", reads: ["x"], at: line.now)
        line.pass(1)
        #expect(line.takeReceived() == [])
        line.engine.ingest(collector: "c", reads: ["y"], at: line.now)
        line.pass(300)
        #expect(line.takeReceived() == ["resolve CollectorSilent x"])
    }

    @Test func `What a server does not send is unknown for a while, and then there is none`() throws {
        let line = try EngineTimeline()
        func connections(_ used: Double) {
            line.table("connections", ["used": [([:], used)]])
            line.finish()
        }
        connections(2_000)
        #expect(line.takeReceived() == ["trigger Busy x"])
        line.pass(300) { if $0 % 10 == 0 { connections(5) } }
        #expect(line.takeReceived() == [], "its locks may come yet")
        line.pass(10) { if $0 % 10 == 0 { connections(5) } }
        #expect(line.takeReceived() == ["resolve Busy x"])
    }

    @Test func `What a finding's rule reads besides is unknown after a restart until it comes`() throws {
        let line = try EngineTimeline()
        line.table("connections", ["used": [([:], 50)]])
        line.finding("opened", kind: "both")
        #expect(line.takeReceived() == ["trigger Both x"])
        try line.restart(stored: line.stored())
        line.pass(20)
        #expect(line.takeReceived() == [])
        line.table("connections", ["used": [([:], 5)]])
        line.finish()
        #expect(line.takeReceived() == ["resolve Both x"])
    }

    @Test func `A finding that is over is over, also by a clock that was set back`() throws {
        let line = try EngineTimeline()
        let opened = line.now.wall
        line.finding("opened")
        line.pass(10)
        line.finding("updated", at: opened - 7_200_000_000)
        line.finding("resolved", at: opened - 7_200_000_000)
        #expect(line.takeReceived() == ["trigger StatementBroken x", "resolve StatementBroken x"])
        line.pass(10)
        line.finding("opened", at: opened)
        #expect(line.takeReceived() == [], "a repeated message does not open it again")
        #expect(line.engine.events.compactMap(\.endsAt) == [opened])
    }

    @Test func `What is still to be said of a server that left is stored with its partition, and said`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        line.pass(40)
        #expect(line.takeReceived() == ["trigger LockWait x", "trigger CollectorSilent x"])
        line.answers = Array(
            repeating: .retry(status: 503, after: 20_000_000, mayHaveArrived: false, detail: ""), count: 2)
        line.engine.ingest(collector: "c", reads: ["y"], at: line.now)
        line.send()
        #expect(Set(line.takeReceived()) == ["resolve LockWait x", "resolve CollectorSilent x"])
        var engine = line.engine
        let rows = engine.takeJournal().upserts
        #expect(rows[.deliveries]?.count == 2 && rows[.conversations]?.count == 2)
        #expect(rows.values.joined().allSatisfy { $0.partition == 0 }, "\(rows)")
        // Killed, and another one has its partition.
        try line.restart(stored: line.stored())
        line.pass(300)
        #expect(line.received.sorted() == ["resolve CollectorSilent x", "resolve LockWait x"], "and it is not silent")
        line.engine.published(Set(line.engine.events.map(\.identity)))
        line.pass(1)
        #expect(line.engine.instances.isEmpty)
        #expect(try line.stored().instances.isEmpty)
    }

    @Test func `A server that left and comes back is watched again`() throws {
        let line = try EngineTimeline()
        line.cycle(waits: [9])
        line.pass(40)
        line.engine.ingest(collector: "c", reads: [], at: line.now)
        line.pass(5)
        line.received = []
        line.cycle(waits: [9])
        line.pass(40)
        #expect(line.takeReceived() == ["trigger LockWait x", "trigger CollectorSilent x"])
        #expect(line.engine.instances["x"]?.leftAt == nil)
    }
}
