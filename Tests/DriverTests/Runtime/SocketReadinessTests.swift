import Glibc
import Runtime
import Testing

struct SocketReadinessTests {
    /// Two connected sockets, closed at the end.
    private final class Pair: Sendable {
        let near: CInt
        let far: CInt

        init() {
            var ends: [CInt] = [-1, -1]
            precondition(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
            (near, far) = (ends[0], ends[1])
        }

        deinit {
            close(near)
            close(far)
        }

        func send() { precondition(write(far, "x", 1) == 1) }
    }

    private var soon: ContinuousClock.Instant { .now + .milliseconds(20) }
    private var never: ContinuousClock.Instant { .now + .seconds(600) }

    @Test func `A socket with bytes is readable, one with room is writable`() async throws {
        let pair = Pair()
        let readiness = SocketReadiness.shared()
        pair.send()
        #expect(
            try await readiness.wait(fileDescriptor: pair.near, for: .read, until: never)
                == .ready(readable: true, writable: false))
        #expect(
            try await readiness.wait(fileDescriptor: pair.near, for: .write, until: never)
                == .ready(readable: false, writable: true))
        #expect(
            try await readiness.wait(fileDescriptor: pair.near, for: .readOrWrite, until: never)
                == .ready(readable: true, writable: true))
    }

    @Test func `Waiting ends when the bytes come`() async throws {
        let pair = Pair()
        async let outcome = SocketReadiness.shared().wait(fileDescriptor: pair.near, for: .read, until: never)
        pair.send()
        #expect(try await outcome == .ready(readable: true, writable: false))
    }

    @Test func `A peer that goes away counts as readable`() async throws {
        var ends: [CInt] = [-1, -1]
        #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        close(ends[1])
        defer { close(ends[0]) }
        let outcome = try await SocketReadiness.shared().wait(fileDescriptor: ends[0], for: .read, until: never)
        guard case .ready(readable: true, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func `Time runs out, the nearest deadline first, and a deadline in the past at once`() async throws {
        let pair = Pair()
        let readiness = SocketReadiness.shared()
        // A distant deadline is there first: the near one has to wake the thread.
        let distant = Task { try await readiness.wait(fileDescriptor: pair.near, for: .read, until: never) }
        #expect(try await readiness.wait(fileDescriptor: pair.near, for: .read, until: soon) == .timedOut)
        #expect(try await readiness.wait(fileDescriptor: pair.near, for: .read, until: .now - .seconds(1)) == .timedOut)
        distant.cancel()
        await #expect(throws: CancellationError.self) { try await distant.value }
    }

    @Test func `Two tasks may wait for one socket`() async throws {
        let pair = Pair()
        let readiness = SocketReadiness.shared()
        let reading = Task { try await readiness.wait(fileDescriptor: pair.near, for: .read, until: never) }
        #expect(
            try await readiness.wait(fileDescriptor: pair.near, for: .write, until: never)
                == .ready(readable: false, writable: true))
        pair.send()
        #expect(try await reading.value == .ready(readable: true, writable: false))
    }

    @Test func `What cannot be waited for is ready at once`() async throws {
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        let readiness = SocketReadiness.shared()
        #expect(
            try await readiness.wait(fileDescriptor: file, for: .read, until: never)
                == .ready(readable: true, writable: false))
        #expect(
            try await readiness.wait(fileDescriptor: -1, for: .write, until: never)
                == .ready(readable: false, writable: true))
    }

    /// The race is between the cancellation, the registration, the event and the deadline: each wait ends exactly once
    /// (a continuation resumed twice traps, one never resumed hangs the test).
    @Test func `Cancelled at any moment, a wait ends once`() async throws {
        let readiness = SocketReadiness.shared()
        await withTaskGroup(of: Void.self) { group in
            for round in 0..<600 {
                group.addTask {
                    let pair = Pair()
                    let until = ContinuousClock.now + .microseconds(round % 7 * 300)
                    let task = Task { try? await readiness.wait(fileDescriptor: pair.near, for: .read, until: until) }
                    if round.isMultiple(of: 3) { pair.send() }
                    if round % 5 != 0 { await Task.yield() }
                    if !round.isMultiple(of: 4) { task.cancel() }
                    _ = await task.value
                }
            }
        }
    }

    @Test func `A task that is cancelled already does not wait`() async {
        let pair = Pair()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await SocketReadiness.shared().wait(fileDescriptor: pair.near, for: .read, until: never)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `A stop ends all waits`() async throws {
        let pair = Pair()
        let readiness = try SocketReadiness()
        let task = Task { try await readiness.wait(fileDescriptor: pair.near, for: .read, until: never) }
        try await Task.sleep(for: .milliseconds(10))
        readiness.stop()
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CancellationError.self) {
            try await readiness.wait(fileDescriptor: pair.near, for: .read, until: never)
        }
    }

    @Test func `Thousands of waits that end early leave nothing behind`() async throws {
        let pair = Pair()
        pair.send()
        let readiness = try SocketReadiness()
        for _ in 0..<5_000 {
            _ = try await readiness.wait(fileDescriptor: pair.near, for: .read, until: never)
        }
        #expect(try await readiness.wait(fileDescriptor: pair.far, for: .read, until: soon) == .timedOut)
        readiness.stop()
    }
}
