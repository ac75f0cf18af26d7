import Runtime
import Synchronization
import Testing

@testable import Collector

/// The spool with files that cannot be read, and damaged ones.
@Suite struct SpoolDamageTests {
    private static let limits = SpoolLimits(segmentBytes: 500, maximalBytes: 1 << 20, memoryBytes: 1 << 20)

    private func state(_ name: String, _ full: Bool, _ number: Int) -> SpoolState {
        SpoolState(name: name, kind: full ? .full : .increment, records: [Array("r\(number)".utf8)])
    }

    /// A log of 30 messages in several segments, with one reading's chain through all of them.
    private func filled(_ disk: SmallDisk) throws -> SpoolLog {
        var log = try SpoolLogTests.open(disk, Self.limits)
        for number in 1...30 {
            log.append(
                SpoolBatch(
                    messages: [SpoolLogTests.message("a", number)], states: [state("s", log.wantsFull("s"), number)]))
            try log.commit()
        }
        #expect(log.segments.count > 3)
        return log
    }

    /// Reads as the sender does: what fails is tried again.
    private func deliver(_ log: inout SpoolLog) -> [Int] {
        var numbers: [Int] = []
        for _ in 0..<20 {
            guard let (messages, next) = try? log.read(from: log.acknowledged, limit: 1 << 20) else { continue }
            numbers += messages.map { Int($0.sequence) }
            log.acknowledge(next)
        }
        return numbers
    }

    @Test func `Damage in the last segment begins a new epoch`() throws {
        let files = CrashingFiles(seed: 1)
        var log = try SpoolLogTests.open(files)
        var second = 0
        for number in 1...3 {
            if number == 2 { second = log.segments[0].durable }
            log.append(SpoolBatch(messages: [SpoolLogTests.message(number == 2 ? "b" : "a", number)]))
            try log.commit()
        }
        var content = try #require(files.contents(SpoolLog.fileName(1)))
        content[second + 20] ^= 1
        files.overwrite(SpoolLog.fileName(1), content)
        var again = try SpoolLogTests.open(files)
        // The damaged frame held the last number of "b": it must not be given out twice.
        #expect(again.epoch != log.epoch)
        again.append(SpoolBatch(messages: [SpoolLogTests.message("b", 4)]))
        try again.commit()
        let messages = try again.read(from: again.acknowledged, limit: 10_000).0
        #expect(messages.map(\.sequence) == [1, 2, 1])
        #expect(messages.map(\.epoch) == [log.epoch, log.epoch, again.epoch])
    }

    @Test func `Damage before the last segment keeps the epoch`() throws {
        let files = CrashingFiles(seed: 2)
        var log = try SpoolLogTests.open(files, Self.limits)
        for number in 1...30 {
            log.append(SpoolBatch(messages: [SpoolLogTests.message("a", number)]))
            try log.commit()
        }
        var content = try #require(files.contents(SpoolLog.fileName(1)))
        content[content.count / 2] ^= 1
        files.overwrite(SpoolLog.fileName(1), content)
        // Made, and never written: it says nothing of the segment before.
        files.overwrite(SpoolLog.fileName(99), [])
        #expect(try SpoolLogTests.open(files, Self.limits).epoch == log.epoch)

        let last = log.segments[log.segments.count - 1].name
        content = try #require(files.contents(last))
        content[Frame.overhead + 2] ^= 1
        files.overwrite(last, content)
        files.overwrite(SpoolLog.fileName(99), [])
        #expect(try SpoolLogTests.open(files, Self.limits).epoch != log.epoch)
    }

    @Test(arguments: [true, false])
    func `A reading that was delivered on is not believed when damage follows it`(delivered: Bool) throws {
        let files = CrashingFiles(seed: 3)
        var log = try SpoolLogTests.open(files)
        var second = 0
        for number in 1...3 {
            if number == 2 { second = log.segments[0].durable }
            // The damaged batch holds the last record of "s"; of "u" there is a later one.
            log.append(
                SpoolBatch(
                    messages: [SpoolLogTests.message("a", number)],
                    states: [state("u", true, number)] + (number < 3 ? [state("s", number == 1, number)] : [])))
            try log.commit()
        }
        if delivered {
            _ = deliver(&log)
            try log.reclaim()
        }
        var content = try #require(files.contents(SpoolLog.fileName(1)))
        content[second + 20] ^= 1
        files.overwrite(SpoolLog.fileName(1), content)
        var again = try SpoolLogTests.open(files)
        // Not delivered, the damaged interval is a part of the next delta.
        #expect(try again.recover("s") == (delivered ? nil : [Array("r1".utf8)]))
        #expect(again.wantsFull("s") == delivered)
        #expect(try again.recover("u") == [Array("r3".utf8)])
    }

    @Test(arguments: [SpoolError.Code.io, .notFound], [2, 99])
    func `A segment that cannot be read is stepped over`(code: SpoolError.Code, number: Int) throws {
        let disk = SmallDisk(bytes: 1 << 20)
        var log = try filled(disk)
        let place = min(number, log.segments.count) - 1
        let name = log.segments[place].name
        if code == .notFound { disk.remove(name) } else { disk.refuse(name, code) }
        var numbers = deliver(&log)
        #expect(numbers.first == 1 && numbers.count < 30 && numbers.count > 20)
        #expect(log.counters.quarantined == 1)
        #expect(log.takeGivenUp().map(\.code) == [code])
        // The chain went through it.
        #expect(log.wantsFull("s"))
        log.append(SpoolBatch(messages: [SpoolLogTests.message("a", 31)], states: [state("s", true, 31)]))
        try log.commit()
        numbers = deliver(&log)
        #expect(numbers == [31])
        try log.reclaim()
        #expect(log.segments.count <= 2)
        #expect(disk.segments.count <= 2)
        #expect(log.counters.quarantined == 1)
        var again = try SpoolLogTests.open(disk, Self.limits)
        #expect(try again.recover("s")?.last == Array("r31".utf8))
    }

    @Test func `A place that can be read again is not given up`() throws {
        let disk = SmallDisk(bytes: 1 << 20)
        var log = try filled(disk)
        disk.refuse(log.segments[2].name, .io)
        let (messages, next) = try log.read(from: log.acknowledged, limit: 1 << 20)
        log.acknowledge(next)
        #expect(throws: SpoolError.self) { try log.read(from: next, limit: 1 << 20) }
        disk.refuse(log.segments[2].name, nil)
        #expect(messages.map { Int($0.sequence) } + deliver(&log) == Array(1...30))

        // What is not the file's fault is waited for.
        let busy = SmallDisk(bytes: 1 << 20)
        var other = try filled(busy)
        busy.refuse(other.segments[0].name, .exhausted)
        for _ in 0..<10 { #expect(throws: SpoolError.self) { try other.read(from: other.acknowledged, limit: 1000) } }
        busy.refuse(other.segments[0].name, nil)
        #expect(deliver(&other) == Array(1...30))
    }

    @Test func `A chain that cannot be read does not keep its segment`() throws {
        let disk = SmallDisk(bytes: 1 << 20)
        var log = try filled(disk)
        #expect(deliver(&log).count == 30)
        disk.refuse(log.segments[1].name, .io)
        try log.reclaim()
        try log.commit()
        #expect(log.segments.count <= 2)
        #expect(log.wantsFull("s"))
        var again = try SpoolLogTests.open(disk, Self.limits)
        #expect(try again.recover("s") == nil)
    }

    @Test func `The log opens without a segment that cannot be read`() throws {
        let disk = SmallDisk(bytes: 1 << 20)
        var log = try filled(disk)
        disk.refuse(log.segments[1].name, .io)
        var again = try SpoolLogTests.open(disk, Self.limits)
        #expect(again.epoch == log.epoch)
        #expect(again.counters.quarantined == 1 && again.takeGivenUp().count == 1)
        #expect(try again.recover("s") == nil)
        let numbers = deliver(&again)
        #expect(numbers.last == 30 && numbers.count < 30)
        disk.refuse(log.segments[1].name, nil)
        disk.refuse(log.segments[log.segments.count - 1].name, .io)
        var last = try SpoolLogTests.open(disk, Self.limits)
        #expect(last.epoch != log.epoch)
        #expect(try last.recover("s") != nil)
        // Delivered: what is left is too old.
        let name = log.segments[log.segments.count - 1].name
        disk.refuse(name, nil)
        #expect(deliver(&log).count == 30)
        log.append(SpoolBatch(messages: [SpoolLogTests.message("b", 1)]))
        try log.commit()
        #expect(deliver(&log).count == 1)
        try log.reclaim()
        disk.refuse(log.segments[log.segments.count - 1].name, .io)
        last = try SpoolLogTests.open(disk, Self.limits)
        #expect(try last.recover("s") == nil)
    }

    @Test func `The sender's face steps over it with one line`() async throws {
        let lines = Mutex<[String]>([])
        let logger = Logger(service: "collector", level: .info) { line in lines.withLock { $0.append(line) } }
        let disk = SmallDisk(bytes: 1 << 20)
        let spool = try Spool(files: disk, limits: Self.limits, logger: logger, metrics: MetricRegistry())
        for number in 1...30 { await spool.store(SpoolBatch(messages: [SpoolLogTests.message("a", number)])) }
        let name = disk.segments[1]
        disk.refuse(name, .io)
        var position = await spool.acknowledged()
        var numbers: [Int] = []
        for _ in 0..<10 {
            let (messages, next) = await spool.read(from: position, limit: 1 << 20)
            numbers += messages.map { Int($0.sequence) }
            position = next
        }
        #expect(numbers.first == 1 && numbers.last == 30 && numbers.count < 30)
        let said = lines.withLock { $0.filter { $0.contains("cannot be read") } }
        #expect(said.count == 1 && said.allSatisfy { $0.contains(name) })
        await spool.close()
    }
}
