import Testing

@testable import Collector

/// When a server's texts are asked for again.
@Suite struct TextPaceTests {
    private static let minute: Int64 = 60_000_000

    @Test func `Each failure doubles the pause up to four hours, and a success ends it`() {
        var pace = TextPace()
        var pauses: [Int64] = []
        var now: Int64 = 0
        for _ in 0..<10 {
            pace.failed(isTimeout: false, size: nil, rows: 10, at: now)
            let start = now
            while !pace.isDue(at: now) { now += Self.minute }
            pauses.append((now - start) / Self.minute)
        }
        #expect(pauses == [2, 4, 8, 16, 32, 64, 128, 240, 240, 240])
        pace.looked(size: 5, limit: 10, rows: 10, at: now)
        pace.failed(isTimeout: true, size: 5, rows: 10, at: now)
        let again = [pace.isDue(at: now + Self.minute), pace.isDue(at: now + 2 * Self.minute)]
        #expect(again == [false, true])
    }

    @Test func `A time-out where the size was not known is a size that is too large`() {
        var pace = TextPace()
        pace.failed(isTimeout: true, size: nil, rows: 1_000, at: 0)
        #expect(pace.isDue(at: 1) && pace.meanLength(rows: 1_000) == 8_192)
        let soon = pace.known(at: 59 * Self.minute, rows: 900)
        let later = pace.known(at: 60 * Self.minute, rows: 900)
        #expect(soon == TextPace.endless && later == nil)
        // It takes too long again.
        pace.failed(isTimeout: true, size: later, rows: 900, at: 60 * Self.minute)
        let still = pace.known(at: 61 * Self.minute, rows: 900)
        #expect(still == TextPace.endless)
    }

    @Test func `What was too large is looked at again after an hour, and as soon as most statements are gone`() {
        var pace = TextPace()
        pace.looked(size: 500, limit: 100, rows: 1_000, at: 0)
        var sizes: [Int64?] = []
        for (minutes, rows) in [(1, 1_000), (30, 600), (31, 499), (32, 20)] {
            let now = Int64(minutes) * Self.minute
            sizes.append(pace.known(at: now, rows: rows))
            // Without another way to know, what is remembered is found again and again; that is no new finding.
            pace.looked(size: sizes.last!, limit: 100, rows: rows, at: now)
        }
        #expect(sizes == [500, 500, nil, nil])
        pace.looked(size: 60, limit: 100, rows: 20, at: 33 * Self.minute)
        let small = pace.known(at: 500 * Self.minute, rows: 1)
        #expect(small == 60 && pace.meanLength(rows: 20) == 3)

        pace.looked(size: 500, limit: 100, rows: 1_000, at: 600 * Self.minute)
        for minutes in 601..<660 {
            let now = Int64(minutes) * Self.minute
            let size = pace.known(at: now, rows: 1_000)
            #expect(size == 500)
            pace.looked(size: size, limit: 100, rows: 1_000, at: now)
        }
        let anew = pace.known(at: 660 * Self.minute, rows: 1_000)
        #expect(anew == nil)
    }
}
