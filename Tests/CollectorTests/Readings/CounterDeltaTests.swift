import Codec
import Testing

@testable import Collector

/// Readings in, deltas out.
@Suite struct CounterDeltaTests {
    let columns = [
        ReadingColumn(name: "calls", kind: .counter), ReadingColumn(name: "sum", kind: .doubleCounter),
        ReadingColumn(name: "max", kind: .gauge),
    ]

    func row(_ calls: Int64, _ sum: Double = 0, _ max: Int64 = 0) -> [Int64] {
        [calls, Int64(bitPattern: sum.bitPattern), max]
    }

    func head(_ time: Int64, reset: Int64? = nil, evictions: Int64? = nil, start: Int64 = 1, system: Int64 = 7)
        -> ReadingHead
    {
        ReadingHead(
            systemIdentifier: system, serverStart: start, statsReset: reset, evictions: evictions, serverTime: time,
            monotonic: time, boot: 1)
    }

    /// One reading: key → (since, values). Gives what came of each row, and the rows that went.
    func read(
        _ delta: inout CounterDelta, _ head: ReadingHead, _ rows: [(Int64, Int64, [Int64])]
    ) -> (outcomes: [CounterDelta.Outcome], deltas: [[Int64]], gone: [RowKey], quality: Quality) {
        delta.begin(head)
        var outcomes: [CounterDelta.Outcome] = []
        var deltas: [[Int64]] = []
        for (key, since, values) in rows {
            outcomes.append(delta.row(RowKey(first: key), since: since, values))
            deltas.append(delta.deltas)
        }
        let end = delta.end()
        return (outcomes, deltas, end.gone, end.quality)
    }

    @Test func `Without a known reading a row is first, and its total is not its delta`() {
        var delta = CounterDelta(columns: columns)
        let reading = read(&delta, head(10), [(1, 0, row(100))])
        #expect(reading.outcomes == [.unknown(.first)])
    }

    @Test func `The second reading counts the difference, and what did not move is left out`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10), [(1, 0, row(100, 1.5, 9)), (2, 0, row(5))])
        delta.begin(head(30))
        #expect(delta.interval == 20)
        let reading = read(&delta, head(30), [(1, 0, row(103, 2.0, 9)), (2, 0, row(5))])
        #expect(reading.outcomes == [.moved(.ok), .unmoved])
        #expect(reading.deltas[0] == [3, Int64(bitPattern: 0.5.bitPattern), missingValue])
    }

    @Test func `A row that is new since a known reading counts in full`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10), [])
        let reading = read(&delta, head(20), [(1, 0, row(4, 0, 8))])
        #expect(reading.outcomes == [.moved(.ok)])
        #expect(reading.deltas[0] == [4, 0, 8])
    }

    @Test func `A proven reset counts in full what came after it`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10, reset: 1), [(1, 0, row(100)), (2, 0, row(50))])
        // Row 1 has overtaken what it had; only the time of the reset tells.
        let reading = read(&delta, head(20, reset: 15), [(1, 0, row(120))])
        #expect(reading.outcomes == [.moved(.reset)])
        #expect(reading.deltas[0][0] == 120)
        #expect(reading.gone == [RowKey(first: 2)])
        #expect(reading.quality == .reset)
    }

    @Test func `The row's own timestamp proves a reset and its absence`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10, reset: 1), [(1, 5, row(100)), (2, 5, row(100))])
        let reading = read(&delta, head(20, reset: 1), [(1, 15, row(130)), (2, 5, row(130))])
        #expect(reading.outcomes == [.moved(.reset), .moved(.ok)])
        #expect(reading.deltas.map { $0[0] } == [130, 30])
    }

    @Test func `Counters that go back without proof are unknown`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10), [(1, 0, row(100))])
        let reading = read(&delta, head(20), [(1, 0, row(3))])
        #expect(reading.outcomes == [.unknown(.reset)])
        // And from there on it counts again.
        let next = read(&delta, head(30), [(1, 0, row(5))])
        #expect(next.outcomes == [.moved(.ok)])
        #expect(next.deltas[0][0] == 2)
    }

    @Test func `A restart proves that counters which went back began anew`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10, start: 1), [(1, 0, row(100)), (2, 0, row(100))])
        // A clean restart keeps the counters, a crash loses them.
        let reading = read(&delta, head(20, start: 2), [(1, 0, row(7)), (2, 0, row(101))])
        #expect(reading.outcomes == [.moved(.reset), .moved(.ok)])
        #expect(reading.deltas.map { $0[0] } == [7, 1])
    }

    @Test func `Evicted rows are said to be, and come back in full`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10, reset: 1, evictions: 0), [(1, 0, row(100)), (2, 0, row(9))])
        let reading = read(&delta, head(20, reset: 1, evictions: 3), [(1, 0, row(2))])
        #expect(reading.outcomes == [.moved(.evicted)])
        #expect(reading.deltas[0][0] == 2)
        #expect(reading.gone == [RowKey(first: 2)])
        #expect(reading.quality == .evicted)
        let next = read(&delta, head(30, reset: 1, evictions: 3), [(1, 0, row(2)), (2, 0, row(1))])
        #expect(next.outcomes == [.unmoved, .moved(.ok)])
    }

    @Test func `Another cluster's counters have nothing to do with these`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10, system: 1), [(1, 0, row(100))])
        #expect(read(&delta, head(20, system: 2), [(1, 0, row(101))]).outcomes == [.unknown(.first)])
    }

    /// A minute and an hour of the server's clock.
    private static let (minute, hour): (Int64, Int64) = (60_000_000, 3_600_000_000)

    @Test func `A server that started before the last reading is another one behind the same address`() {
        var delta = CounterDelta(columns: columns)
        let last = 5 * Self.hour
        _ = read(&delta, head(last, reset: 3, start: Self.hour), [(1, 0, row(100)), (2, 0, row(100))])
        // A standby took over: it has lived for hours and counted for itself.
        let reading = read(
            &delta, head(last + Self.minute, reset: 2, start: 2 * Self.hour),
            [(1, 0, row(7)), (2, 0, row(9_000)), (3, 0, row(50))])
        #expect(reading.outcomes == [.unknown(.first), .unknown(.first), .unknown(.first)])
        #expect(reading.gone.isEmpty)
        let next = read(
            &delta, head(last + 2 * Self.minute, reset: 2, start: 2 * Self.hour),
            [(1, 0, row(9)), (2, 0, row(9_000)), (3, 0, row(51))])
        #expect(next.outcomes == [.moved(.ok), .unmoved, .moved(.ok)])
        // And the first one again, which was not restarted meanwhile.
        let back = read(&delta, head(last + 3 * Self.minute, reset: 3, start: Self.hour), [(1, 0, row(101))])
        #expect(back.outcomes == [.unknown(.first)])
    }

    @Test func `One that started later but whose reset lies before the last reading is another one too`() {
        var delta = CounterDelta(columns: columns)
        let last = 5 * Self.hour
        _ = read(&delta, head(last, reset: 3, start: 1), [(1, 0, row(100))])
        let reading = read(
            &delta, head(last + Self.minute, reset: 2, start: last + 1), [(1, 0, row(700)), (2, 0, row(1))])
        #expect(reading.outcomes == [.unknown(.first), .unknown(.first)])
    }

    @Test func `A restart and a reset are believed though the server's clock was set back a little`() {
        var delta = CounterDelta(columns: columns)
        let last = 5 * Self.hour
        _ = read(&delta, head(last, reset: 3, start: 1), [(1, 0, row(100)), (2, 0, row(100))])
        let restarted = read(
            &delta, head(last + Self.minute, reset: last - 400_000, start: last - 800_000), [(1, 0, row(7))])
        #expect(restarted.outcomes == [.moved(.reset)])
        // The same process: its reset is one, whatever its clock says.
        let reset = read(
            &delta, head(last + 2 * Self.minute, reset: Self.hour, start: last - 800_000), [(1, 0, row(8))])
        #expect(reset.outcomes == [.moved(.reset)])
        #expect(reset.deltas[0][0] == 8)
    }

    @Test func `What the server hid is not counted as of one interval when it shows`() throws {
        var delta = CounterDelta(columns: columns)
        func head(_ time: Int64) -> ReadingHead { self.head(time, reset: 1) }
        delta.begin(head(100))
        _ = delta.row(RowKey(first: 8), since: 5, row(1))
        delta.hides(allBut: 8)
        _ = delta.end()
        // What was hidden is remembered on disk, in a full record and in changes.
        var recovered = try #require(CounterDelta(columns: columns, records: [delta.full()]))
        #expect(recovered.head?.onlyRole == 8)
        let shown: [(Int64, Int64, [Int64])] = [
            (8, 5, row(2)), (9, 0, row(500)), (10, 99, row(500)), (11, 101, row(3)),
        ]
        let reading = read(&recovered, head(200), shown)
        // Of another role; begun before that reading; begun since.
        #expect(reading.outcomes == [.moved(.ok), .unknown(.first), .unknown(.first), .moved(.ok)])
        recovered = try #require(CounterDelta(columns: columns, records: [delta.full(), recovered.changes()]))
        #expect(recovered.head == head(200))
        let next = read(&recovered, head(300), [(8, 5, row(2)), (9, 0, row(501)), (12, 0, row(4))])
        #expect(next.outcomes == [.unmoved, .moved(.ok), .moved(.ok)])

        // A role's own were never hidden, and a reset leaves nothing of before.
        _ = read(&delta, head(200), [])
        delta.begin(head(300))
        delta.hides(allBut: 8)
        _ = delta.end()
        let changes = try #require(CounterDelta(columns: columns, records: [delta.full(), delta.changes()]))
        #expect(changes.head?.onlyRole == 8)
        #expect(read(&delta, head(400), [(8, 0, row(6))]).outcomes == [.moved(.ok)])
        delta.begin(head(500))
        delta.hides(allBut: 8)
        _ = delta.end()
        #expect(read(&delta, self.head(600, reset: 550), [(9, 0, row(6))]).outcomes == [.moved(.reset)])
    }

    @Test func `What the server does not give is null and never zero`() {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10), [(1, 0, row(1))])
        let reading = read(&delta, head(20), [(1, 0, [missingValue, 0, 4])])
        #expect(reading.deltas[0][0] == missingValue)
    }

    @Test func `An interval over a start of the collector's machine goes by the server's clock`() {
        var earlier = head(1_000)
        earlier.boot = 1
        var later = head(5_000)
        later.monotonic = 10
        later.boot = 2
        #expect(later.interval(since: earlier) == 4_000)
        later.serverTime = 0
        #expect(later.interval(since: earlier) == 0)
        (earlier.serverTime, later.serverTime) = (.min, .max)
        #expect(later.interval(since: earlier) == 0)
    }

    @Test(arguments: 0..<20) func `Records bring back the same state`(seed: Int) throws {
        var random = CrashingFiles.Random(state: UInt64(seed))
        var delta = CounterDelta(columns: columns)
        var server: [Int64: [Int64]] = [:]
        var records: [[UInt8]] = []
        for cycle in 0..<30 {
            for key in 0..<Int64(12) where Int.random(in: 0..<3, using: &random) == 0 {
                if Int.random(in: 0..<6, using: &random) == 0 {
                    server[key] = nil
                } else {
                    let old = server[key] ?? row(0, 0, 0)
                    let sum =
                        Double(bitPattern: UInt64(bitPattern: old[1])) + Double.random(in: 0...1e20, using: &random)
                    server[key] = row(
                        old[0] + Int64.random(in: 0...1_000_000, using: &random), sum,
                        Int64.random(in: -5...5, using: &random))
                }
            }
            _ = read(
                &delta, head(Int64(cycle), reset: Int64(cycle / 10), evictions: Int64(cycle / 7)),
                server.sorted { $0.key < $1.key }.map { ($0.key, 0, $0.value) })
            records = cycle % 11 == 0 ? [delta.full()] : records + [delta.changes()]
            let recovered = try #require(CounterDelta(columns: columns, records: records))
            #expect(recovered.head == delta.head)
            #expect(recovered.slots.count == delta.slots.count)
            for (key, slot) in delta.slots {
                let other = try #require(recovered.slots[key])
                for column in 0..<3 {
                    #expect(recovered.values[Int(other) * 3 + column] == delta.values[Int(slot) * 3 + column])
                }
            }
        }
    }

    @Test func `A record of other columns, or a damaged one, is not believed`() throws {
        var delta = CounterDelta(columns: columns)
        _ = read(&delta, head(10), [(1, 0, row(100))])
        #expect(CounterDelta(columns: Array(columns.dropLast()), records: [delta.full()]) == nil)
        for cut in 0..<delta.full().count {
            #expect(CounterDelta(columns: columns, records: [Array(delta.full().prefix(cut))]) == nil)
        }
    }
}
