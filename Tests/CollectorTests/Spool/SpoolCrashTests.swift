import Testing

@testable import Collector

/// The spool is killed at every operation it makes, with a disk that forgets what was not synced.
///
/// The model is a server with one counter. Each cycle reads it and spools (delta, reading). Whatever happens, what a reader
/// gets, duplicates dropped by (epoch, number), must add up: to the reading that the collector would go on from, when
/// nothing was dropped; and no delta may be counted twice.
@Suite struct SpoolCrashTests {
    /// A reader's ledger: the last number of each epoch, and the sum of what was new.
    struct Ledger {
        var last: [String: UInt64] = [:]
        var sum: Int64 = 0
        var holes = 0

        mutating func take(_ message: SpooledMessage) {
            let last = last[message.epoch] ?? 0
            guard message.sequence > last else { return }
            holes += Int(message.sequence - last - 1)
            self.last[message.epoch] = message.sequence
            var reader = ByteReader(message.message.payload)
            sum += (try? reader.zigzag()) ?? 0
        }
    }

    static func encode(_ value: Int64) -> [UInt8] {
        var writer = ByteWriter()
        writer.zigzag(value)
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) -> Int64 {
        var reader = ByteReader(bytes)
        return (try? reader.zigzag()) ?? .min
    }

    @Test(arguments: 0..<60) func `Killed anywhere, nothing is lost and nothing counts twice`(seed: Int) throws {
        var random = CrashingFiles.Random(state: UInt64(seed) &* 7919)
        let files = CrashingFiles(seed: UInt64(seed))
        let limits = SpoolLimits(segmentBytes: 700, maximalBytes: 1 << 20, memoryBytes: 1 << 20)
        var ledger = Ledger()
        var counter: Int64 = 1_000
        var stored: Int64 = 0  // the highest reading for which a commit returned
        var epochs = 0
        for life in 0..<25 {
            files.crash(after: Int.random(in: 1...60, using: &random))
            live: do {
                epochs += 1
                let name = "epoch\(epochs)"
                guard var log = try? SpoolLog(files: files, limits: limits, newEpoch: { name }) else { break live }
                let records = (try? log.recover("reading")) ?? nil
                if files.hasCrashed { break live }
                var reading = records.map { records in records.reduce(Int64(0)) { $0 + Self.decode($1) } }
                if life > 0, stored > 0 {
                    // What was stored is never forgotten.
                    #expect(try #require(reading) >= stored, "life \(life)")
                }
                for _ in 0..<40 {
                    counter += Int64.random(in: 0...5, using: &random)
                    let delta = counter - (reading ?? 1_000)
                    let full = log.wantsFull("reading")
                    log.append(
                        SpoolBatch(
                            messages: [
                                SpoolMessage(
                                    topic: "samples", key: "a", type: "t", version: 1, time: 0, sequenced: true,
                                    payload: Self.encode(delta))
                            ],
                            states: [
                                SpoolState(
                                    name: "reading", kind: full ? .full : .increment,
                                    records: [Self.encode(full ? counter : delta)])
                            ]))
                    reading = counter
                    if (try? log.commit()) != nil { stored = counter }
                    if files.hasCrashed { break live }
                    if Bool.random(using: &random) {
                        guard let (messages, next) = try? log.read(from: log.acknowledged, limit: 400) else {
                            break live
                        }
                        for message in messages { ledger.take(message) }
                        log.acknowledge(next)
                        try? log.reclaim()
                        if files.hasCrashed { break live }
                    }
                }
            }
            files.restart()
        }
        // The last life ends well: everything that is there is delivered.
        var log = try SpoolLog(files: files, limits: limits) { "last" }
        let reading = try log.recover("reading").map { $0.reduce(Int64(0)) { $0 + Self.decode($1) } }
        for message in try log.read(from: log.acknowledged, limit: 1 << 20).0 { ledger.take(message) }
        #expect(ledger.sum == (reading ?? 1_000) - 1_000)
        #expect(ledger.holes == 0)
        #expect(log.counters.dropped == 0)
    }
}
