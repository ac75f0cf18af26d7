import Testing

@testable import Alerter

private func at(_ seconds: Int64) -> Moment { Moment(wall: 0, steady: seconds * 1_000_000) }

struct SilenceWatchTests {
    @Test func `Silence counts from the last arrival`() throws {
        var watch = SilenceWatch()
        watch.listens(true, at: at(0))
        watch.arrived("x", interval: 10, collector: "c", at: at(5))
        let silence = try #require(watch.silence(of: "x", at: at(47)))
        #expect(silence.microseconds == 42_000_000)
        #expect(silence.heard)
    }

    @Test func `While Kafka is away nobody is silent, and afterwards all begin anew`() throws {
        var watch = SilenceWatch()
        watch.listens(true, at: at(0))
        watch.arrived("x", interval: 10, collector: "c", at: at(5))
        watch.listens(false, at: at(6))
        #expect(watch.silence(of: "x", at: at(600)) == nil)
        watch.listens(true, at: at(1_000))
        let silence = try #require(watch.silence(of: "x", at: at(1_010)))
        #expect(silence.microseconds == 10_000_000)
        #expect(!silence.heard)
    }

    @Test func `After a restart a known instance counts from when we listen`() throws {
        var watch = SilenceWatch()
        watch.restore("x", interval: 10, collector: "c")
        watch.listens(true, at: at(100))
        #expect(try #require(watch.silence(of: "x", at: at(130))).microseconds == 30_000_000)
        #expect(watch.silence(of: "unknown", at: at(130)) == nil)
    }
}
