import Postgres
import Runtime
import Synchronization

/// Asks the database every few seconds, so that `/readyz` can answer at once, and says in the log when it goes and comes.
final class Readiness: Sendable {
    private let state = Mutex<String?>("the database was not asked yet")

    /// Why the API cannot answer, or nil.
    var reason: String? { state.withLock { $0 } }

    func watch(_ storage: Storage, _ logger: Logger, until shutdown: Shutdown) async {
        while !shutdown.isRequested {
            let now = await ask(storage)
            let before = state.withLock { state in
                defer { state = now }
                return state
            }
            if let now, now != before { logger.warning("Not ready", [.errorMessage: .string(now)]) }
            if now == nil && before != nil { logger.info("Ready") }
            await shutdown.sleep(for: now == nil ? .seconds(5) : .seconds(1))
        }
    }

    private func ask(_ storage: Storage) async -> String? {
        do {
            let current = try await storage.use { connection in
                try await AccountsSchema.migrator.status(&connection)
            }
            if current.isTooOld { return "the schema accounts is not up to date: run \"pganalytics-api migrate up\"" }
            return nil
        } catch {
            return "the database does not answer: \(error)"
        }
    }
}
