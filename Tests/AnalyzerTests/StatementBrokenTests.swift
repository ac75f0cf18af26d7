import Testing

@testable import Analyzer

/// A statement on a virtual timeline: at a time so many calls of such a mean, and what is said about it.
private final class Timeline {
    let rule: StatementBroken
    var baseline: Baseline?
    let subject = Subject(database: "shop", username: "web", queryid: -42, topLevel: true)
    var time: Int64

    init(
        start: Int64 = day(20_000), _ change: (inout StatementBroken.Settings) -> Void = { _ in }
    ) {
        var settings = StatementBroken.Settings()
        change(&settings)
        rule = StatementBroken(settings: settings)
        time = start
    }

    /// One cycle of ten seconds, `mean` in milliseconds.
    func cycle(_ mean: Double, calls: Int64 = 10, at: Int64? = nil) -> StatementBroken.Event? {
        let now = at ?? time
        if at == nil { time += second(10) }
        if baseline == nil { baseline = Baseline(firstSeen: now) }
        return rule.observe(
            Observation(
                subject: subject, name: nil, time: now, interval: second(10), calls: calls,
                total: Int64(mean * 1e6) * calls), &baseline!)
    }

    /// Many cycles, of which nothing is expected to be said.
    func quiet(_ cycles: Int, _ mean: Double, sourceLocation: SourceLocation = #_sourceLocation) {
        for _ in 0..<cycles {
            #expect(cycle(mean) == nil, sourceLocation: sourceLocation)
        }
    }
}

private func second(_ n: Int64) -> Int64 { n * 1_000_000 }
private func hour(_ n: Int64) -> Int64 { n * 3_600_000_000 }
private func day(_ n: Int64) -> Int64 { n * 86_400_000_000 }

struct StatementBrokenTests {
    @Test func `Broken is a mean above twice the P95 of the baseline`() throws {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(30, 10)
        #expect(line.cycle(19) == nil, "Below 2 × P95.")
        let opened = try #require(line.cycle(21))
        #expect(opened.state == .opened)
        #expect(opened.value == 21e6)
        #expect(abs(opened.p95 - 10e6) <= 0.1e6)
        #expect(opened.threshold == 2 * opened.p95)
        #expect(opened.number == 0)
        #expect(opened.episode.windowStart == opened.time - second(10))
        #expect(opened.episode.cycles == 1)
        #expect(opened.samples == 31)
        #expect(opened.scope == .hour(0), "The hour has seen its thirty cycles.")
    }

    @Test func `In the grace it only learns`() {
        let line = Timeline()
        line.quiet(8_640, 10)
        line.time = day(20_001) - second(10)
        #expect(line.cycle(500) == nil, "Ten seconds before the 24 hours are over.")
        #expect(line.cycle(500)?.state == .opened, "24 hours after the first cycle.")
    }

    @Test func `One cycle is not judged by the value it brings itself`() {
        let line = Timeline { $0.grace = .zero }
        #expect(line.cycle(100) == nil, "The first cycle has nothing to be held against.")
        #expect(line.cycle(201.1 * 1.01)?.state == .opened)
    }

    @Test func `The baseline is of the hour once the hour has seen enough cycles`() throws {
        let line = Timeline { $0.grace = .seconds(3_600) }
        line.quiet(360, 10)  // hour 0: 10 ms
        line.quiet(1, 10)
        line.baseline!.hours[1] = nil
        for _ in 0..<30 { line.baseline!.learn(100e6, at: line.time) }  // hour 1: 100 ms, the nightly load
        #expect(line.cycle(150) == nil, "Much for all hours, usual for this one.")
        let opened = try #require(line.cycle(250))
        #expect(opened.scope == .hour(1))
        line.time = day(20_000) + hour(5)
        #expect(line.cycle(12) == nil)
        #expect(line.baseline!.reference(at: line.time, hourMinimum: 30).scope == .allHours)
    }

    @Test func `Broken cycles stay out of the baseline`() throws {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(60, 10)
        let before = try #require(line.baseline)
        #expect(line.cycle(100)?.state == .opened)
        line.quiet(20, 100)
        #expect(line.baseline!.allHours == before.allHours)
        #expect(line.baseline!.shadow?.sketch.count == 21)
    }

    @Test func `What stays broken for a day is the new normal`() throws {
        let line = Timeline {
            $0.grace = .seconds(60)
            $0.updateEvery = .seconds(10 * 86_400)
        }
        line.quiet(60, 10)
        #expect(line.cycle(100)?.state == .opened)
        line.quiet(8_639, 100)
        #expect(line.cycle(100)?.state == .resolved(.newNormal))
        #expect(line.baseline!.shadow == nil)
        #expect(line.cycle(150) == nil)
        #expect(line.cycle(250)?.state == .opened)
    }

    @Test func `Updates are rare and say what became of it`() throws {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(30, 10)
        #expect(line.cycle(50)?.state == .opened)
        line.quiet(29, 80)
        let updated = try #require(line.cycle(60))
        #expect(updated.state == .updated)
        #expect(updated.number == 1)
        #expect(updated.episode.cycles == 31)
        #expect(updated.episode.calls == 310)
        #expect(updated.episode.peak == 80e6)
        line.quiet(29, 60)
        #expect(line.cycle(60)?.number == 2)
    }

    @Test func `Three normal cycles in a row resolve it, a broken one between begins the count again`() throws {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(30, 10)
        let opened = try #require(line.cycle(50))
        line.quiet(2, 10)
        line.quiet(1, 50)
        line.quiet(2, 10)
        let resolved = try #require(line.cycle(10))
        #expect(resolved.state == .resolved(.recovered))
        #expect(resolved.episode.windowStart == opened.episode.windowStart)
        #expect(line.baseline!.episode == nil)
        #expect(line.cycle(50)?.episode.windowStart != opened.episode.windowStart, "The next one is another finding.")
    }

    @Test func `A statement that is not run any more resolves`() throws {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(30, 10)
        #expect(line.cycle(50)?.state == .opened)
        let last = line.baseline!.lastSeen
        #expect(line.rule.idle(line.subject, at: last + second(899), &line.baseline!) == nil)
        let resolved = try #require(line.rule.idle(line.subject, at: last + second(900), &line.baseline!))
        #expect(resolved.state == .resolved(.notRun))
        #expect(line.rule.idle(line.subject, at: last + second(1_800), &line.baseline!) == nil)
        #expect(line.baseline!.shadow != nil, "What it was like is remembered, for when it runs again.")
    }

    @Test func `A statement that is not run any more resolves by a clock that was set back`() throws {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(30, 10)
        #expect(line.cycle(50)?.state == .opened)
        let last = line.baseline!.lastSeen
        #expect(line.rule.idle(line.subject, at: last - second(60), &line.baseline!) == nil)
        #expect(line.baseline!.lastSeen == last, "A late table is no clock set back.")
        let now = last - hour(2)
        #expect(line.rule.idle(line.subject, at: now, &line.baseline!) == nil)
        #expect(line.rule.idle(line.subject, at: now + second(899), &line.baseline!) == nil)
        #expect(line.rule.idle(line.subject, at: now + second(900), &line.baseline!)?.state == .resolved(.notRun))
    }

    @Test func `Few calls and small times can be left out`() {
        let line = Timeline {
            $0.grace = .seconds(60)
            $0.minimumCalls = 5
            $0.floor = 1e6
        }
        line.quiet(30, 0.1)
        #expect(line.cycle(0.9) == nil, "Nine times the P95, and still under the floor.")
        #expect(line.cycle(50, calls: 4) == nil)
        #expect(line.cycle(50, calls: 5)?.state == .opened)
    }

    @Test func `A late cycle is learnt and changes nothing else`() throws {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(30, 10)
        #expect(line.cycle(50)?.state == .opened)
        let before = try #require(line.baseline)
        #expect(line.cycle(10, at: line.time - second(60)) == nil)
        #expect(line.cycle(90, at: line.time - second(50)) == nil)
        let after = try #require(line.baseline)
        #expect(after.episode == before.episode)
        #expect(after.lastSeen == before.lastSeen)
        #expect(after.allHours.count == before.allHours.count + 1, "The broken one of the two is kept out.")
    }

    @Test func `A clock set back is the present, and the finding still resolves`() throws {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(1_000, 10)
        #expect(line.cycle(50)?.state == .opened)
        line.time -= hour(2)
        line.quiet(1, 50)
        line.quiet(2, 10)
        #expect(line.cycle(10)?.state == .resolved(.recovered))
    }

    @Test func `A clock set back before the first cycle begins the grace again`() {
        let line = Timeline { $0.grace = .seconds(60) }
        line.quiet(30, 10)
        line.time -= hour(2)
        line.quiet(6, 50)
        #expect(line.cycle(500)?.state == .opened)
    }

    @Test func `A first cycle from 1970 does not end the grace`() {
        let line = Timeline(start: 0)
        line.quiet(1, 10)
        line.time = day(20_000)
        line.quiet(10, 10)
        #expect(line.cycle(500) == nil)
    }

    @Test func `No calls, no opinion`() {
        let line = Timeline { $0.grace = .zero }
        line.quiet(5, 10)
        #expect(line.cycle(0, calls: 0) == nil)
        #expect(line.baseline!.allHours.count == 5)
    }

    @Test(arguments: [(Int64(0), 0), (hour(23), 23), (hour(24), 0), (-hour(1), 23), (day(20_000) + hour(7) - 1, 6)])
    func `The hour is of UTC`(time: Int64, expected: Int) {
        #expect(Baseline.hour(of: time) == expected)
    }
}
