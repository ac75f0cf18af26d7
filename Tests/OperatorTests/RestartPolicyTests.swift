import Testing

@testable import Operator

struct RestartPolicyTests {
    @Test func `A process that dies again and again is started ever later, up to ten seconds`() {
        var policy = RestartPolicy()
        let waits = (0..<8).map { _ in policy.ended(after: .zero) }
        #expect(waits.prefix(4) == [.milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1600)])
        #expect(waits.last == .seconds(10))
    }

    @Test func `A process that had settled is started again soon`() {
        var policy = RestartPolicy()
        for _ in 0..<5 { _ = policy.ended(after: .seconds(1)) }
        #expect(policy.ended(after: .seconds(31)) == .milliseconds(200))
        #expect(policy.ended(after: .seconds(1)) == .milliseconds(400))
    }
}
