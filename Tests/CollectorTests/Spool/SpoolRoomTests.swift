import Testing

@testable import Collector

/// The spool on a disk that it fills itself.
@Suite struct SpoolRoomTests {
    private static let limits = SpoolLimits(segmentBytes: 1000, maximalBytes: 1 << 20, memoryBytes: 1 << 20)

    private func batch(_ number: Int, full: Bool = false) -> SpoolBatch {
        SpoolBatch(
            messages: [SpoolLogTests.message("a", number)],
            states: [
                SpoolState(name: "s", kind: full ? .full : .increment, records: [Array("r\(number)".utf8)])
            ])
    }

    /// Stores until the disk takes nothing more. Returns the last number given out.
    private func fill(_ log: inout SpoolLog) -> Int {
        var number = 0
        while true {
            number += 1
            log.append(batch(number, full: log.wantsFull("s")))
            if (try? log.commit()) == nil { return number }
        }
    }

    private func deliver(_ log: inout SpoolLog) throws -> [Int] {
        let (messages, next) = try log.read(from: log.acknowledged, limit: 1 << 20)
        log.acknowledge(next)
        return messages.map { Int($0.sequence) }
    }

    @Test(arguments: [1000, 1 << 20]) func `A disk that it filled takes more when that is delivered`(segment: Int)
        throws
    {
        let disk = SmallDisk(bytes: 6000)
        var limits = Self.limits
        limits.segmentBytes = segment
        var log = try SpoolLogTests.open(disk, limits)
        var number = fill(&log)
        #expect(disk.used > 5500)
        var delivered = try deliver(&log)
        for _ in 0..<200 {
            number += 1
            log.append(batch(number, full: log.wantsFull("s")))
            try log.commit()
            try log.reclaim()
            try log.commit()
            delivered += try deliver(&log)
        }
        #expect(delivered == Array(1...number))
        #expect(log.counters == SpoolCounters())
        // The reading went along, whatever segment it began in.
        var again = try SpoolLogTests.open(disk, limits)
        #expect(again.epoch == log.epoch)
        #expect(try again.recover("s")?.last == Array("r\(number)".utf8))
    }

    @Test(arguments: [true, false]) func `It does so after a restart`(acknowledged: Bool) throws {
        let disk = SmallDisk(bytes: 6000)
        var log = try SpoolLogTests.open(disk, Self.limits)
        let filled = fill(&log) - 1
        // The watermark of this delivery is written if there is room for it.
        if acknowledged {
            _ = try deliver(&log)
            try? log.reclaim()
        }
        var again = try SpoolLogTests.open(disk, Self.limits)
        #expect(again.epoch == log.epoch)
        let seen = try deliver(&again)
        #expect(acknowledged || seen == Array(1...filled))
        // What was in memory only went with the reclaiming, or with the process.
        let last = filled + (acknowledged ? 1 : 0)
        for number in 1...100 {
            again.append(batch(last + number, full: again.wantsFull("s")))
            try again.commit()
            try again.reclaim()
            try again.commit()
            #expect(try deliver(&again).last == last + number)
        }
        #expect(try again.recover("s")?.last == Array("r\(last + 100)".utf8))
    }

    @Test func `More in memory than the disk holds goes in pieces`() throws {
        let disk = SmallDisk(bytes: 6000)
        var log = try SpoolLogTests.open(disk, Self.limits)
        var number = fill(&log)
        for _ in 0..<200 {
            number += 1
            log.append(batch(number, full: log.wantsFull("s")))
        }
        #expect(log.queuedBytes > 6000)
        var delivered: [Int] = []
        for _ in 0..<50 where !log.queue.isEmpty {
            delivered += try deliver(&log)
            try? log.commit()
        }
        #expect(log.queue.isEmpty)
        delivered += try deliver(&log)
        #expect(delivered == Array(1...number))
        #expect(try log.recover("s")?.last == Array("r\(number)".utf8))
        #expect(log.counters.dropped == 0)
    }

    @Test func `A watermark that finds no room does not keep what was delivered`() throws {
        let disk = SmallDisk(bytes: 6000)
        var log = try SpoolLogTests.open(disk, Self.limits)
        _ = fill(&log)
        disk.resize(disk.used)
        log.queue = []
        log.queuedBytes = 0
        _ = try deliver(&log)
        try log.reclaim()
        #expect(disk.used < 3000)
        #expect(log.durableWatermark == log.watermark)
    }

    @Test func `What was not delivered is not given away for room`() throws {
        let disk = SmallDisk(bytes: 6000)
        var log = try SpoolLogTests.open(disk, Self.limits)
        let number = fill(&log)
        #expect(throws: SpoolError.self) { try log.commit() }
        disk.resize(1 << 20)
        try log.commit()
        #expect(try deliver(&log) == Array(1...number))
    }

    @Test func `Behind a watermark whose segments are gone, nothing counts as delivered`() throws {
        let disk = SmallDisk(bytes: 1 << 20)
        var log = try SpoolLogTests.open(disk, Self.limits)
        for number in 1...100 {
            log.append(batch(number, full: log.wantsFull("s")))
            try log.commit()
        }
        _ = try deliver(&log)
        try log.reclaim()
        #expect(log.acknowledged.segment > 5)
        for name in disk.segments { disk.remove(name) }
        var again = try SpoolLogTests.open(disk, Self.limits)
        #expect(again.epoch != log.epoch)
        for number in 1...60 {
            again.append(batch(number, full: again.wantsFull("s")))
            try again.commit()
            try again.reclaim()
        }
        #expect(try deliver(&again) == Array(1...60))
    }
}
