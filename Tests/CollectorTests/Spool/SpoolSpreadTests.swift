import Testing

@testable import Collector

/// An epoch's numbers stay on the partitions that they were first sent to.
@Suite struct SpoolSpreadTests {
    private func messages(_ log: inout SpoolLog) throws -> [SpooledMessage] {
        try log.read(from: log.acknowledged, limit: 1 << 20).0
    }

    private func store(_ log: inout SpoolLog, _ number: Int) throws {
        log.append(SpoolBatch(messages: [SpoolLogTests.message("a", number)]))
        try log.commit()
    }

    private func spread(_ log: inout SpoolLog, _ count: Int, _ epoch: String = "never") throws {
        log.spread(over: count) { epoch }
        try log.commit()
    }

    @Test func `The first number that is heard holds for what was stored before it too, also after a restart`() throws {
        let files = CrashingFiles(seed: 1)
        var log = try SpoolLogTests.open(files)
        try store(&log, 1)
        #expect(try messages(&log).map(\.partitions) == [nil])
        try spread(&log, 4)
        try store(&log, 2)
        #expect(try messages(&log).map(\.partitions) == [4, 4])
        // Durable though nothing was stored since.
        var again = try SpoolLogTests.open(files)
        #expect(again.epoch == log.epoch)
        try spread(&again, 4)
        try store(&again, 3)
        let found = try messages(&again)
        #expect(found.map(\.partitions) == [4, 4, 4] && found.map(\.sequence) == [1, 2, 3])
        #expect(Set(found.map(\.epoch)).count == 1)
    }

    @Test func `With another number a new epoch begins, and what is left of the old one keeps its own`() throws {
        let files = CrashingFiles(seed: 1)
        var log = try SpoolLogTests.open(files)
        try spread(&log, 4)
        let old = log.epoch
        try store(&log, 1)
        try store(&log, 2)
        try spread(&log, 8, "grown")
        try store(&log, 3)
        for _ in 0..<2 {
            let found = try messages(&log)
            #expect(found.map(\.epoch) == [old, old, "grown"])
            #expect(found.map(\.sequence) == [1, 2, 1] && found.map(\.partitions) == [4, 4, 8])
            log = try SpoolLogTests.open(files)
            #expect(log.epoch == "grown")
        }
        try store(&log, 4)
        #expect(try messages(&log).map(\.sequence) == [1, 2, 1, 2])
    }

    @Test func `What waits for the disk keeps its numbers, and the new epoch waits with it`() throws {
        let files = CrashingFiles(seed: 1)
        var log = try SpoolLogTests.open(files)
        try spread(&log, 4)
        let old = log.epoch
        log.append(SpoolBatch(messages: [SpoolLogTests.message("a", 1)]))
        log.spread(over: 8) { "grown" }
        #expect(log.epoch == old)
        try log.commit()
        try spread(&log, 8, "grown")
        try store(&log, 2)
        let found = try messages(&log)
        #expect(found.map(\.epoch) == [old, "grown"] && found.map(\.sequence) == [1, 1])
    }

    @Test(arguments: 0..<40) func `A crash in the middle leaves the old epoch or the new one`(operations: Int) throws {
        let files = CrashingFiles(seed: UInt64(operations))
        var log = try SpoolLogTests.open(files)
        try spread(&log, 4)
        try store(&log, 1)
        let old = log.epoch
        files.crash(after: operations)
        do {
            try spread(&log, 8, "grown")
            try store(&log, 2)
        } catch {}
        files.restart()
        var again = try SpoolLogTests.open(files)
        for message in try messages(&again) {
            // A damaged header makes an epoch of its own.
            #expect(message.partitions == [old: 4, "grown": 8][message.epoch], "\(message.epoch)")
        }
        try spread(&again, 8, "grown again")
        try store(&again, 3)
        let last = try #require(try messages(&again).last)
        #expect(last.partitions == 8 && last.epoch != old)
    }

    @Test func `What was delivered past the watermark does not count as dropped`() throws {
        var log = try SpoolLogTests.open(
            SmallDisk(bytes: 1 << 20), SpoolLimits(segmentBytes: 1000, maximalBytes: 5000, memoryBytes: 1 << 20))
        for number in 1...300 {
            try store(&log, number)
            // One topic is stuck at the beginning, the other one is through.
            let end = try log.read(from: log.acknowledged, limit: 1 << 20).1
            log.acknowledge("samples", to: end)
            try log.reclaim()
            try log.commit()
            #expect(log.bytes <= 5100)
        }
        #expect(log.counters.dropped == 0)
    }
}
