import Testing

@testable import API

@Suite struct LoginLimiterTests {
    private let second: Int64 = 1_000_000

    @Test func `The sixth failure of a name from an address waits`() {
        var limiter = LoginLimiter()
        for attempt in 0..<5 { #expect(limiter.begin(name: "a", address: "1", now: Int64(attempt) * second) == nil) }
        #expect(limiter.begin(name: "a", address: "1", now: 5 * second) == 295)
        #expect(limiter.begin(name: "b", address: "1", now: 5 * second) == nil)
        #expect(limiter.begin(name: "a", address: "2", now: 5 * second) == nil)
        #expect(limiter.begin(name: "a", address: "1", now: 300 * second) == nil)
        #expect(limiter.begin(name: "a", address: "1", now: 300 * second) == 1)
    }

    @Test func `A success takes the failures back`() {
        var limiter = LoginLimiter()
        for attempt in 0..<4 { _ = limiter.begin(name: "a", address: "1", now: Int64(attempt)) }
        #expect(limiter.begin(name: "a", address: "1", now: 4) == nil)
        limiter.succeeded(name: "a", address: "1", began: 4)
        for attempt in 5..<10 { #expect(limiter.begin(name: "a", address: "1", now: Int64(attempt)) == nil) }
        #expect(limiter.begin(name: "a", address: "1", now: 10) != nil)
    }

    @Test func `An attempt that our own database could not judge locks nobody out, and forgives nothing`() {
        var limiter = LoginLimiter()
        for attempt in 0..<4 { _ = limiter.begin(name: "a", address: "1", now: Int64(attempt)) }
        for attempt in 4..<24 {
            #expect(limiter.begin(name: "a", address: "1", now: Int64(attempt)) == nil)
            limiter.withdrawn(name: "a", address: "1", began: Int64(attempt))
        }
        #expect(limiter.begin(name: "a", address: "1", now: 24) == nil)
        #expect(limiter.begin(name: "a", address: "1", now: 25) != nil)
    }

    @Test func `Attempts count while they are still being checked`() {
        var limiter = LoginLimiter()
        let started = (0..<20).filter { _ in limiter.begin(name: "a", address: "1", now: 7) == nil }
        #expect(started.count == 5)
    }

    @Test func `Guessing one name from many addresses, and many from one, is noticed`() {
        var limiter = LoginLimiter()
        let fromMany = (0..<100).filter { limiter.begin(name: "a", address: "\($0)", now: 7) == nil }
        #expect(fromMany.count == limiter.perName)
        limiter = LoginLimiter()
        let ofMany = (0..<100).filter { limiter.begin(name: "\($0)", address: "1", now: 7) == nil }
        #expect(ofMany.count == limiter.perAddress)
    }

    @Test func `What is remembered is bounded`() {
        var limiter = LoginLimiter()
        limiter.capacity = 100
        for attempt in 0..<10_000 { _ = limiter.begin(name: "n\(attempt)", address: "a\(attempt)", now: 7) }
        #expect(limiter.begin(name: "x", address: "y", now: 7) == nil)
        #expect(limiter.count <= 200)
    }
}
