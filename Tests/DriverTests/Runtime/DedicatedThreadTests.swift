import Glibc
import Runtime
import Synchronization
import Testing

struct DedicatedThreadTests {
    /// An actor that lives on a thread of its own.
    private actor Counting {
        nonisolated let thread: DedicatedThread
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
        private(set) var count = 0

        init(_ thread: DedicatedThread) { self.thread = thread }

        func add() -> UInt {
            count += 1
            return UInt(pthread_self())
        }
    }

    @Test func `Work runs in order, on one thread that is not the caller's`() async throws {
        let thread = DedicatedThread(name: "test")
        defer { thread.stop() }
        final class Seen: Sendable { let list = Mutex<[Int]>([]) }
        let seen = Seen()
        var threads: Set<UInt> = []
        for number in 0..<100 {
            threads.insert(
                try await thread.run {
                    seen.list.withLock { $0.append(number) }
                    return UInt(pthread_self())
                })
        }
        #expect(seen.list.withLock { $0 } == Array(0..<100))
        #expect(threads.count == 1)
    }

    @Test func `An error comes back to the caller`() async {
        let thread = DedicatedThread(name: "test")
        defer { thread.stop() }
        await #expect(throws: RuntimeError.self) { try await thread.run { throw RuntimeError(.timeout, "late") } }
    }

    @Test func `An actor on it never leaves it`() async {
        let thread = DedicatedThread(name: "actor")
        let counting = Counting(thread)
        let threads = await withTaskGroup(of: UInt.self) { group in
            for _ in 0..<200 { group.addTask { await counting.add() } }
            return await group.reduce(into: Set<UInt>()) { $0.insert($1) }
        }
        #expect(await counting.count == 200)
        #expect(threads.count == 1)
        thread.stop()
    }

    @Test func `A callback on the thread may assume the actor's isolation`() async throws {
        let thread = DedicatedThread(name: "callback")
        let counting = Counting(thread)
        let count = try await thread.run {
            counting.assumeIsolated { actor in
                _ = actor.add()
                return actor.count
            }
        }
        #expect(count == 1)
        #expect(thread.isIsolatingCurrentContext() == false)
        thread.stop()
    }

    @Test func `What was given before the stop is done, what comes after is refused`() async throws {
        let thread = DedicatedThread(name: "test")
        final class Done: Sendable { let count = Atomic<Int>(0) }
        let done = Done()
        let tasks = (0..<50).map { _ in
            Task { try await thread.run { done.count.wrappingAdd(1, ordering: .relaxed) } }
        }
        for task in tasks { _ = try await task.value }
        thread.stop()
        #expect(done.count.load(ordering: .relaxed) == 50)
        await #expect(throws: RuntimeError.self) { try await thread.run {} }
        thread.stop()
    }

    @Test func `An actor whose thread was stopped still answers, one job at a time`() async {
        let thread = DedicatedThread(name: "stopped")
        let counting = Counting(thread)
        thread.stop()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { _ = await counting.add() } }
        }
        #expect(await counting.count == 200)
    }

    @Test func `It may stop itself`() async throws {
        let thread = DedicatedThread(name: "self")
        try await thread.run { thread.stop() }
        await #expect(throws: RuntimeError.self) { try await thread.run {} }
    }
}
