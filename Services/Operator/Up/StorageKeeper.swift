import Postgres
import Runtime

/// Starts the private storage server again when it dies, as the supervisor does with the services.
final class StorageKeeper: Sendable {
    private let task: Task<Void, Never>

    /// - Parameter report: is told in a line of each death.
    init(_ storage: PrivatePostgres, report: @escaping @Sendable (String) -> Void) {
        task = Task {
            var policy = RestartPolicy()
            var started = ContinuousClock.now
            while (try? await Task.sleep(for: .milliseconds(500))) != nil {
                guard let status = storage.unexpectedEnd else { continue }
                let wait = policy.ended(after: .now - started)
                report("storage ended (\(status)); started again in \(wait)")
                guard (try? await Task.sleep(for: wait)) != nil else { return }
                started = .now
                do {
                    try await storage.restart()
                } catch {
                    report("storage cannot be started: \(error)")
                }
            }
        }
    }

    /// Looks after it no more; returns when it is left alone.
    func stop() async {
        task.cancel()
        await task.value
    }
}
