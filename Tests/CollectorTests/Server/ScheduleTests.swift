import Testing

@testable import Collector

/// When which family of a server is read.
@Suite struct ScheduleTests {
    @Test func `The first cycle is at once, the next on the grid`() {
        var schedule = Schedule(interval: 10_000, id: "a", families: ["x"])
        let first = schedule.next(after: 123)
        #expect(first.at == 123)
        let second = schedule.next(after: 200)
        #expect(second.at > 200 && second.at <= 10_200)
        let third = schedule.next(after: second.at)
        #expect(third.at == second.at + 10_000)
    }

    @Test func `What was missed is not caught up with`() {
        var schedule = Schedule(interval: 10_000, id: "a", families: ["x"])
        _ = schedule.next(after: 0)
        let second = schedule.next(after: 1)
        let late = schedule.next(after: second.at + 57_000)
        #expect(late.at > second.at + 57_000)
        #expect((late.at - second.at) % 10_000 == 0)
        #expect(late.at - (second.at + 57_000) <= 10_000)
    }

    @Test func `A fleet is spread over the interval, and a server keeps its place`() {
        var buckets = [Int](repeating: 0, count: 10)
        for number in 0..<1_000 {
            var schedule = Schedule(interval: 10_000, id: "server-\(number)", families: ["x"])
            _ = schedule.next(after: 0)
            let at = schedule.next(after: 100_000).at
            buckets[Int((at % 10_000) / 1_000)] += 1
            var again = Schedule(interval: 10_000, id: "server-\(number)", families: ["x"])
            _ = again.next(after: 77)
            #expect(again.next(after: 100_000).at == at)
        }
        #expect(buckets.allSatisfy { $0 > 50 && $0 < 150 })
    }

    @Test func `First cycles of many are spread too`() {
        let starts = (0..<100).map { number in
            var schedule = Schedule(interval: 10_000_000, id: "s\(number)", families: ["x"], window: 2_000_000)
            return schedule.next(after: 0).at
        }
        #expect(starts.allSatisfy { $0 >= 0 && $0 < 2_000_000 })
        #expect(Set(starts).count > 90)
    }

    @Test func `A family over its budget is asked more seldom, and comes back`() {
        var schedule = Schedule(interval: 10_000, id: "a", families: ["cheap", "dear"])
        var asked = 0
        var now: Int64 = 0
        for _ in 0..<64 {
            let plan = schedule.next(after: now)
            now = plan.at
            #expect(plan.families.contains("cheap"))
            _ = schedule.completed("cheap", cost: 10)
            if plan.families.contains("dear") {
                asked += 1
                _ = schedule.completed("dear", cost: 1_000)  // a tenth of the interval, five times the budget
            }
        }
        #expect(schedule.interval(of: "dear") == 80_000)
        #expect(asked < 16)
        for _ in 0..<200 {
            let plan = schedule.next(after: now)
            now = plan.at
            if plan.families.contains("dear") { _ = schedule.completed("dear", cost: 10) }
        }
        #expect(schedule.interval(of: "dear") == 10_000)
    }

    @Test func `However dear, a family is asked now and then`() {
        var schedule = Schedule(interval: 10_000, id: "a", families: ["dear"])
        for _ in 0..<100 { _ = schedule.completed("dear", cost: 10_000_000) }
        #expect(schedule.interval(of: "dear") == 640_000)
    }
}

/// How long a server is left alone.
@Suite struct BackoffTests {
    @Test func `It doubles up to its end, and begins anew`() {
        var backoff = Backoff(first: .seconds(1), last: .seconds(10))
        let pauses = (0..<6).map { _ in backoff.failed(random: 0).microseconds }
        #expect(pauses == [1, 2, 4, 8, 10, 10].map { $0 * 1_000_000 })
        backoff.succeeded()
        let again = [backoff.failed(random: 0), backoff.failed(random: 1)]
        #expect(again.map(\.microseconds) == [1_000_000, 1_500_000])
    }
}

/// How many backends are ours.
@Suite struct BackendBudgetTests {
    @Test func `Never more than two, those that we dropped included`() {
        var budget = BackendBudget()
        var taken = [budget.take(at: 0)]
        budget.dropped(until: 100)
        taken.append(budget.take(at: 1))
        budget.dropped(until: 50)
        taken.append(budget.take(at: 2))
        let ghosts = budget.count(at: 2)
        taken.append(budget.take(at: 51))
        taken.append(budget.take(at: 52))
        budget.closed()
        taken.append(budget.take(at: 53))
        #expect(taken == [true, true, false, true, false, true])
        #expect(ghosts == 2)
    }

    @Test func `Attempts that were given up count too, though only one was taken`() {
        var budget = BackendBudget()
        var taken = [budget.take(at: 0)]
        var left = [budget.left(at: 0)]
        budget.abandoned(1, until: 60)
        left.append(budget.left(at: 1))
        #expect(left == [1, 0])
        // One that is open, one that was given up.
        budget.closed()
        for time in [Int64(2), 3, 61] { taken.append(budget.take(at: time)) }
        #expect(taken == [true, true, false, true])
    }
}
