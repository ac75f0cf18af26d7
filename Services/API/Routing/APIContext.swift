import Crypto
import Runtime
import Synchronization

/// What handlers share. Made once at the start, with a clock of its own in tests.
final class APIContext: Sendable {
    let storage: Storage
    let directory: AccountDirectory
    let authority: TokenAuthority
    let tokenLifetime: Duration
    let logger: Logger
    let clock: @Sendable () -> Int64
    let limiter: Mutex<LoginLimiter>
    /// How many passwords wait to be hashed; beyond a few more, sign-ins are refused rather than queued.
    let hashing = Atomic<Int>(0)
    /// A hash of a password that nobody has, so that an unknown name costs as much as a wrong password.
    let nobodysHash: String
    let loginFailures: Counter
    let logins: Counter

    init(
        storage: Storage, authority: TokenAuthority, tokenLifetime: Duration, limiter: LoginLimiter,
        nobodysHash: String,
        logger: Logger, metrics: MetricRegistry, clock: @escaping @Sendable () -> Int64 = WallClock.microseconds
    ) {
        self.storage = storage
        directory = AccountDirectory(storage: storage)
        self.authority = authority
        self.tokenLifetime = tokenLifetime
        self.limiter = Mutex(limiter)
        self.nobodysHash = nobodysHash
        self.logger = logger
        self.clock = clock
        logins = metrics.counter("api_logins_total", help: "Attempts to sign in.", labels: ["outcome": "success"])
        loginFailures = metrics.counter(
            "api_logins_total", help: "Attempts to sign in.", labels: ["outcome": "failure"])
    }
}

extension LogKey {
    static let requestID: LogKey = "request.id"
    static let requestPath: LogKey = "request.path"
    static let requestMethod: LogKey = "request.method"
    static let apiAddress: LogKey = "api.address"
    static let apiPort: LogKey = "api.port"
    static let userName: LogKey = "user.name"
    static let clientAddress: LogKey = "client.address"
    static let keyFile: LogKey = "key.file"
}
