import Runtime
import Synchronization

/// Keeps a consumer in its group while its sink takes its time. Only then does it poll; a record never waits for it.
final class Watchdog: Sendable {
    /// Since when the sink has been at work.
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    /// Runs a function of the sink's under its eyes.
    func busy<T>(_ body: () async throws -> T) async rethrows -> T {
        since.withLock { $0 = .now }
        defer { since.withLock { $0 = nil } }
        return try await body()
    }

    /// Begins to watch, until the task is cancelled.
    func start(_ thread: DedicatedThread, _ core: ConsumerCore) -> Task<Void, Never> {
        Task.detached { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                guard isLate, !Task.isCancelled else { continue }
                _ = try? await thread.run { self.isLate ? core.keepAlive(timeout: .zero) : Polled() }
            }
        }
    }

    private var isLate: Bool { since.withLock { $0.map { .now - $0 > .seconds(5) } ?? false } }
}
