import Runtime
import Testing

struct ShutdownTests {
    @Test func `Everybody who waits is woken, and whoever comes later does not wait`() async {
        let shutdown = Shutdown()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { await shutdown.wait() } }
            group.addTask { shutdown.request() }
        }
        #expect(shutdown.isRequested)
        await shutdown.wait()
        shutdown.request()
    }

    @Test func `A cancelled wait returns`() async {
        let shutdown = Shutdown()
        for _ in 0..<200 {
            let task = Task { await shutdown.wait() }
            if Bool.random() { await Task.yield() }
            task.cancel()
            await task.value
        }
        #expect(!shutdown.isRequested)
    }

    @Test func `A sleep ends at the request, or in its time`() async {
        let shutdown = Shutdown()
        await shutdown.sleep(for: .milliseconds(1))
        #expect(!shutdown.isRequested)
        let task = Task { await shutdown.sleep(for: .seconds(600)) }
        shutdown.request()
        await task.value
        await shutdown.sleep(for: .seconds(600))
    }
}
