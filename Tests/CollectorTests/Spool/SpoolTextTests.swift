import Testing

@testable import Collector

/// Texts of statements, which are said once, when the spool has no room.
@Suite struct SpoolTextTests {
    private func text(_ key: String, _ content: String = "", size: Int = 40) -> SpoolMessage {
        SpoolMessage(
            topic: "statements", key: key, type: "t", version: 1, time: 0, sequenced: false,
            payload: Array(content.utf8) + [UInt8](repeating: 0x2e, count: size))
    }

    private func messages(_ log: inout SpoolLog) throws -> [SpoolMessage] {
        try log.read(from: log.acknowledged, limit: 1 << 20).0.map(\.message)
    }

    @Test func `A full spool keeps them, and each once`() throws {
        let disk = SmallDisk(bytes: 1 << 20)
        var log = try SpoolLogTests.open(
            disk, SpoolLimits(segmentBytes: 1000, maximalBytes: 5000, memoryBytes: 1 << 20))
        log.append(SpoolBatch(messages: [text("q1", "old"), text("q2"), text("q1", "new")]))
        for number in 1...300 {
            log.append(SpoolBatch(messages: [SpoolLogTests.message("a", number)]))
            try log.commit()
            try log.reclaim()
            try log.commit()
            #expect(log.bytes <= 5100)
        }
        let left = try messages(&log)
        #expect(left.filter { !$0.sequenced }.sorted { $0.key < $1.key } == [text("q1", "new"), text("q2")])
        #expect(left.count + log.counters.dropped == 303)
        var again = try SpoolLogTests.open(disk)
        #expect(try messages(&again) == left)
    }

    @Test func `Delivered ones are not kept`() throws {
        var log = try SpoolLogTests.open(
            SmallDisk(bytes: 1 << 20), SpoolLimits(segmentBytes: 1000, maximalBytes: 5000, memoryBytes: 1 << 20))
        log.append(SpoolBatch(messages: [text("q1")]))
        try log.commit()
        log.acknowledge(try log.read(from: log.acknowledged, limit: 1).1)
        log.acknowledge(try log.read(from: log.acknowledged, limit: 1).1)
        for number in 1...100 {
            log.append(SpoolBatch(messages: [SpoolLogTests.message("a", number)]))
            try log.commit()
            try log.reclaim()
        }
        #expect(try messages(&log).allSatisfy(\.sequenced))
    }

    @Test func `They never keep the spool above its bound`() throws {
        var log = try SpoolLogTests.open(
            SmallDisk(bytes: 1 << 20), SpoolLimits(segmentBytes: 1000, maximalBytes: 5000, memoryBytes: 1 << 20))
        for number in 1...300 {
            log.append(SpoolBatch(messages: [text("q\(number)", size: 100), SpoolLogTests.message("a", number)]))
            try log.commit()
            try log.reclaim()
            try log.commit()
            #expect(log.bytes <= 5100)
        }
        let left = try messages(&log)
        #expect(left.count + log.counters.dropped == 600)
        #expect(left.filter(\.sequenced).count > 5)
    }

    @Test func `A segment of nothing but texts outlives a full spool, again and again`() throws {
        var log = try SpoolLogTests.open(
            SmallDisk(bytes: 1 << 20), SpoolLimits(segmentBytes: 1000, maximalBytes: 10_000, memoryBytes: 1 << 20))
        let texts = (1...15).map { text("q\($0)") }
        log.append(SpoolBatch(messages: texts))
        try log.commit()
        for number in 1...1000 {
            log.append(SpoolBatch(messages: [SpoolLogTests.message("a", number)]))
            try log.commit()
            try log.reclaim()
            #expect(log.bytes <= 10_000)
        }
        let left = try messages(&log)
        #expect(left.filter { !$0.sequenced } == texts)
        #expect(left.count + log.counters.dropped == 1015)
    }

    private func full(_ files: CrashingFiles) throws -> SpoolLog {
        let log = try SpoolLogTests.open(
            files, SpoolLimits(segmentBytes: 1 << 20, maximalBytes: 1 << 20, memoryBytes: 2000))
        files.setFull(true)
        return log
    }

    @Test func `A full memory keeps them`() throws {
        let files = CrashingFiles(seed: 1)
        var log = try full(files)
        log.append(SpoolBatch(messages: [text("q1", "old"), SpoolLogTests.message("a", 1, size: 400)]))
        log.append(SpoolBatch(messages: [text("q1", "new"), SpoolLogTests.message("a", 2, size: 400)]))
        for number in 3...100 {
            log.append(SpoolBatch(messages: [SpoolLogTests.message("a", number)]))
            #expect(log.queuedBytes <= 2000)
        }
        files.setFull(false)
        try log.commit()
        let left = try messages(&log)
        #expect(left.filter { !$0.sequenced } == [text("q1", "new")])
        #expect(left.count + log.counters.dropped == 102)
    }

    @Test func `In memory too, they leave room for the rest`() throws {
        let files = CrashingFiles(seed: 2)
        var log = try full(files)
        for number in 1...100 {
            log.append(SpoolBatch(messages: [text("r\(number)"), SpoolLogTests.message("b", number)]))
            #expect(log.queuedBytes <= 2000)
        }
        files.setFull(false)
        try log.commit()
        let left = try messages(&log)
        #expect(left.count + log.counters.dropped == 200)
        #expect(left.filter(\.sequenced).count > 3 && left.contains { !$0.sequenced })
    }
}
