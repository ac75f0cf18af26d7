import Testing

@testable import Collector

/// The spool's log without a disk.
@Suite struct SpoolLogTests {
    static func message(_ key: String, _ number: Int, size: Int = 40) -> SpoolMessage {
        SpoolMessage(
            topic: "samples", key: key, type: "t", version: 1, time: Int64(number), sequenced: true,
            payload: Array("\(number)".utf8) + [UInt8](repeating: 0x2e, count: size))
    }

    static func open(_ files: any SpoolFileSystem, _ limits: SpoolLimits = SpoolLimits()) throws -> SpoolLog {
        let number = Counter.next()
        return try SpoolLog(files: files, limits: limits) { "epoch\(number)" }
    }

    enum Counter {
        nonisolated(unsafe) private static var value = 0
        private static let lock = Lock()
        static func next() -> Int {
            lock.locked {
                value += 1; return value
            }
        }
    }

    @Test func `What was committed is read back in order with its numbers`() throws {
        let files = CrashingFiles(seed: 1)
        var log = try Self.open(files)
        log.append(SpoolBatch(messages: [Self.message("a", 1), Self.message("b", 2)]))
        log.append(SpoolBatch(messages: [Self.message("a", 3)]))
        #expect(try log.read(from: log.acknowledged, limit: 1000).0.isEmpty)  // not before it is durable
        try log.commit()
        let (messages, next) = try log.read(from: log.acknowledged, limit: 1000)
        #expect(messages.map(\.message) == [Self.message("a", 1), Self.message("b", 2), Self.message("a", 3)])
        #expect(messages.map(\.sequence) == [1, 1, 2])
        #expect(log.oldest() == 1)
        log.acknowledge(next)
        #expect(log.oldest() == nil)
    }

    @Test func `Numbers and epoch go on after a restart`() throws {
        let files = CrashingFiles(seed: 2)
        var log = try Self.open(files)
        log.append(SpoolBatch(messages: [Self.message("a", 1)]))
        try log.commit()
        log.acknowledge(try log.read(from: log.acknowledged, limit: 1000).1)
        try log.reclaim()
        var again = try Self.open(files)
        #expect(again.epoch == log.epoch)
        #expect(try again.read(from: again.acknowledged, limit: 1000).0.isEmpty)
        again.append(SpoolBatch(messages: [Self.message("a", 2)]))
        try again.commit()
        #expect(try again.read(from: again.acknowledged, limit: 1000).0.map(\.sequence) == [2])
    }

    @Test func `How far each lane is survives a restart`() throws {
        let files = CrashingFiles(seed: 2)
        var log = try Self.open(files)
        for number in 1...3 {
            log.append(SpoolBatch(messages: [Self.message("a", number)]))
            try log.commit()
        }
        let (_, first) = try log.read(from: log.acknowledged, limit: 1)
        let (_, end) = try log.read(from: log.acknowledged, limit: 10_000)
        log.acknowledge("samples", to: end)
        log.acknowledge("statements", to: first)
        try log.reclaim()
        var again = try Self.open(files)
        #expect(again.watermark == log.watermark && again.epoch == log.epoch)
        #expect(again.acknowledged == first)
        #expect(again.watermark.place(of: "samples") == end && again.watermark.place(of: "statements") == first)
        // Back is no way that a lane goes.
        again.acknowledge("samples", to: first)
        #expect(again.watermark == log.watermark)
        again.acknowledge("statements", to: end)
        #expect(again.acknowledged == end && again.watermark.lanes.isEmpty)
    }

    @Test func `What a lane delivered is not there any more: numbers begin anew, and segments behind it`() throws {
        let files = CrashingFiles(seed: 2)
        var log = try Self.open(files)
        log.append(SpoolBatch(messages: [Self.message("a", 1)]))
        try log.commit()
        log.acknowledge("samples", to: SpoolPosition(segment: 7, offset: 0))
        try log.reclaim()
        var again = try Self.open(files)
        #expect(again.epoch != log.epoch)
        again.append(SpoolBatch(messages: [Self.message("a", 2)]))
        try again.commit()
        #expect(again.segments.last?.number == 8)
    }

    @Test func `A torn tail is cut off and begins a new epoch`() throws {
        let files = CrashingFiles(seed: 3)
        var log = try Self.open(files)
        log.append(SpoolBatch(messages: [Self.message("a", 1)]))
        try log.commit()
        let name = SpoolLog.fileName(1)
        files.overwrite(name, try #require(files.contents(name)) + Array("PGAf\u{5}half a frame".utf8))
        var again = try Self.open(files)
        #expect(again.counters.tornBytes == 17)
        #expect(again.epoch != log.epoch)
        let (messages, _) = try again.read(from: again.acknowledged, limit: 1000)
        #expect(messages.map(\.epoch) == [log.epoch])
    }

    @Test func `Damage in the middle is stepped over and counted`() throws {
        let files = CrashingFiles(seed: 4)
        var log = try Self.open(files)
        for number in 1...3 {
            log.append(SpoolBatch(messages: [Self.message("a", number)], states: [state("s", number == 1, number)]))
            try log.commit()
        }
        let name = SpoolLog.fileName(1)
        var content = try #require(files.contents(name))
        content[log.chains["s"]!.places[1].offset + 20] ^= 1
        files.overwrite(name, content)
        var again = try Self.open(files)
        #expect(again.counters.quarantined == 1)
        #expect(try again.read(from: again.acknowledged, limit: 10_000).0.map(\.sequence) == [1, 3])
        // The reading's chain has a hole: believing it would count an interval twice.
        #expect(try again.recover("s") == nil)
        #expect(again.wantsFull("s"))
    }

    private func state(_ name: String, _ full: Bool, _ number: Int) -> SpoolState {
        SpoolState(name: name, kind: full ? .full : .increment, records: [Array("r\(number)".utf8)])
    }

    @Test func `A reading comes back with its increments`() throws {
        let files = CrashingFiles(seed: 5)
        var log = try Self.open(files)
        #expect(log.wantsFull("s"))
        for number in 1...3 {
            log.append(SpoolBatch(states: [state("s", number == 1, number)]))
            try log.commit()
        }
        #expect(!log.wantsFull("s"))
        var again = try Self.open(files)
        #expect(try again.recover("s") == ["r1", "r2", "r3"].map { Array($0.utf8) })
    }

    @Test func `Of a server that is not read any more the readings go, and nothing else`() throws {
        let files = CrashingFiles(seed: 12)
        var log = try Self.open(files)
        let known = ["reading/a/statements", "names/a", "reading/b/statements", "reading/x/y/database", "later/b"]
        for (number, name) in known.enumerated() {
            log.append(SpoolBatch(messages: [Self.message("b", number)], states: [state(name, true, number)]))
        }
        log.append(SpoolBatch(messages: [Self.message("b", 5)], states: [state("reading/b/statements", false, 5)]))
        try log.commit()

        // Killed before it is durable: as if nothing had been said.
        var killed = try Self.open(files)
        let unsaid = killed.forget(instancesBut: ["a"])
        #expect(unsaid == ["b", "x/y"])
        var again = try Self.open(files)
        for name in known { #expect(try again.recover(name) != nil, "\(name)") }

        let gone = again.forget(instancesBut: ["a"])
        #expect(gone == ["b", "x/y"])
        #expect(again.wantsFull("reading/b/statements"))
        try again.commit()
        var after = try Self.open(files)
        for name in ["reading/b/statements", "reading/x/y/database"] {
            #expect(try after.recover(name) == nil, "\(name)")
        }
        for name in ["reading/a/statements", "names/a", "later/b"] {
            #expect(try after.recover(name) != nil, "\(name)")
        }
        #expect(try after.read(from: after.acknowledged, limit: 10_000).0.map(\.sequence) == [1, 2, 3, 4, 5, 6])
        let more = after.forget(instancesBut: ["a"])
        #expect(more.isEmpty)

        // It comes back: its numbers go on, in the same epoch.
        after.append(SpoolBatch(messages: [Self.message("b", 6)], states: [state("reading/b/statements", true, 6)]))
        try after.commit()
        let messages = try after.read(from: after.acknowledged, limit: 10_000).0
        #expect(messages.last?.sequence == 7 && Set(messages.map(\.epoch)).count == 1)
        #expect(try after.recover("reading/b/statements")?.count == 1)
    }

    @Test func `A state says whose it is`() {
        #expect(StateName.instance(of: StateName.reading("a", "system_disk")) == "a")
        #expect(StateName.instance(of: StateName.reading("a/b", "system_disk")) == "a/b")
        #expect(StateName.instance(of: StateName.names("a/b")) == "a/b")
        #expect(StateName.instance(of: "reading/a") == nil)
        #expect(StateName.instance(of: "else/a/b") == nil)
    }

    @Test func `A segment goes when all of it is delivered, and its readings stay`() throws {
        let files = CrashingFiles(seed: 6)
        var log = try Self.open(files, SpoolLimits(segmentBytes: 500, maximalBytes: 1 << 20, memoryBytes: 1 << 20))
        log.append(SpoolBatch(states: [state("s", true, 1)]))
        for number in 1...30 {
            log.append(SpoolBatch(messages: [Self.message("a", number)]))
            try log.commit()
        }
        #expect(log.segments.count > 3)
        log.acknowledge(try log.read(from: log.acknowledged, limit: 100_000).1)
        try log.reclaim()
        try log.commit()
        try log.reclaim()
        #expect(log.segments.count <= 2)
        log.append(SpoolBatch(states: [state("s", false, 2)]))
        try log.commit()
        var again = try Self.open(files)
        #expect(try again.recover("s") == ["r1", "r2"].map { Array($0.utf8) })
        again.append(SpoolBatch(messages: [Self.message("a", 31)]))
        try again.commit()
        #expect(try again.read(from: again.acknowledged, limit: 1000).0.last?.sequence == 31)
    }

    @Test func `Beyond its bound the oldest goes, counted`() throws {
        let files = CrashingFiles(seed: 7)
        var log = try Self.open(files, SpoolLimits(segmentBytes: 1000, maximalBytes: 5000, memoryBytes: 1 << 20))
        log.append(SpoolBatch(states: [state("s", true, 1)]))
        for number in 1...200 {
            log.append(SpoolBatch(messages: [Self.message("a", number)]))
            try log.commit()
            try log.reclaim()
            #expect(log.bytes < 7000)
        }
        let (messages, _) = try log.read(from: log.acknowledged, limit: 1 << 20)
        #expect(messages.count + log.counters.dropped == 200)
        #expect(messages.map { Int($0.sequence) } == Array((201 - messages.count)...200))
        #expect(try log.recover("s") == [Array("r1".utf8)])
    }

    @Test func `A full disk keeps everything in memory until there is room`() throws {
        let files = CrashingFiles(seed: 8)
        var log = try Self.open(files)
        log.append(SpoolBatch(messages: [Self.message("a", 1)]))
        try log.commit()
        files.setFull(true)
        for number in 2...5 {
            log.append(SpoolBatch(messages: [Self.message("a", number)]))
            #expect(throws: SpoolError.self) { try log.commit() }
        }
        files.setFull(false)
        try log.commit()
        #expect(try log.read(from: log.acknowledged, limit: 10_000).0.map(\.sequence) == [1, 2, 3, 4, 5])
    }

    @Test func `When memory is full too, the oldest goes and its readings are not believed`() throws {
        let files = CrashingFiles(seed: 9)
        var log = try Self.open(files, SpoolLimits(segmentBytes: 1 << 20, maximalBytes: 1 << 20, memoryBytes: 1000))
        log.append(SpoolBatch(messages: [Self.message("a", 1)], states: [state("s", true, 1)]))
        try log.commit()
        files.setFull(true)
        for number in 2...20 {
            log.append(SpoolBatch(messages: [Self.message("a", number)], states: [state("s", false, number)]))
            #expect(throws: SpoolError.self) { try log.commit() }
        }
        #expect(log.counters.dropped > 5)
        #expect(log.wantsFull("s"))
        files.setFull(false)
        try log.commit()
        let numbers = try log.read(from: log.acknowledged, limit: 10_000).0.map { Int($0.sequence) }
        #expect(numbers.count + log.counters.dropped == 20)
        #expect(numbers.last == 20)
        var again = try Self.open(files)
        #expect(try again.recover("s") == nil)
    }

    @Test func `A failed write or sync loses and doubles nothing`() throws {
        for operation in 1...6 {
            for code in [SpoolError.Code.io, .noSpace] {
                let files = CrashingFiles(seed: 10)
                var log = try Self.open(files)
                log.append(SpoolBatch(messages: [Self.message("a", 1)]))
                try log.commit()
                files.fail(after: operation, code)
                for number in 2...6 {
                    log.append(SpoolBatch(messages: [Self.message("a", number)]))
                    try? log.commit()
                }
                try log.commit()
                #expect(try log.read(from: log.acknowledged, limit: 10_000).0.map(\.sequence) == [1, 2, 3, 4, 5, 6])
                var again = try Self.open(files)
                #expect(
                    try again.read(from: again.acknowledged, limit: 10_000).0.map(\.sequence) == [1, 2, 3, 4, 5, 6])
            }
        }
    }

    @Test func `Random bytes in the directory never stop it from opening`() throws {
        var random = CrashingFiles.Random(state: 11)
        for _ in 0..<200 {
            let files = CrashingFiles(seed: random.next())
            for number in 1...3 {
                let size = Int.random(in: 0..<200, using: &random)
                files.overwrite(
                    SpoolLog.fileName(number), (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })
            }
            files.overwrite("acknowledged", (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) })
            files.overwrite("acknowledged.new", [1, 2, 3])
            var log = try Self.open(files)
            log.append(SpoolBatch(messages: [Self.message("a", 1)]))
            try log.commit()
            #expect(try log.read(from: log.acknowledged, limit: 1000).0.map(\.sequence) == [1])
        }
    }
}
