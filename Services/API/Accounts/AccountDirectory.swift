import Runtime
import Synchronization

/// Who there is, as of a few seconds ago: a token says who somebody is, this says whether that still counts. So a user
/// that was disabled is out within seconds though the token lives for minutes, and no request waits for the database.
final class AccountDirectory: Sendable {
    private struct State {
        var accounts: [String: Account] = [:]
        /// nil: never. By the monotonic clock, which no administrator sets.
        var loadedAt: ContinuousClock.Instant?
    }

    private let storage: Storage
    private let freshFor: Duration
    /// While the database is away, what was known last is used for so long; then nobody is let in.
    private let usableFor: Duration
    private let state = Mutex(State())

    init(storage: Storage, freshFor: Duration = .seconds(3), usableFor: Duration = .seconds(300)) {
        self.storage = storage
        self.freshFor = freshFor
        self.usableFor = usableFor
    }

    /// The account of a name, or nil. Throws when it cannot be known.
    func account(_ name: String) async throws -> Account? {
        let now = ContinuousClock.now
        let known = state.withLock { $0 }
        if let loadedAt = known.loadedAt, now - loadedAt < freshFor { return known.accounts[name] }
        do {
            let accounts = try await storage.use { connection in try await Accounts.all(&connection) }
            let byName = Dictionary(uniqueKeysWithValues: accounts.map { ($0.name, $0) })
            state.withLock { $0 = State(accounts: byName, loadedAt: now) }
            return byName[name]
        } catch {
            guard let loadedAt = known.loadedAt, now - loadedAt < usableFor else { throw error }
            return known.accounts[name]
        }
    }

    /// The next question goes to the database.
    func forget() { state.withLock { $0.loadedAt = nil } }
}
