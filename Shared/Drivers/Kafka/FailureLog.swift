import Runtime

/// One activity that may fail for hours: a line when it begins to, a line when the reason changes, a line when it is
/// over, and none for each try.
struct FailureLog {
    private let logger: Logger
    private let activity: String
    private var since: ContinuousClock.Instant?
    private var attempts = 0
    private var told: (reason: String, at: ContinuousClock.Instant)?

    init(_ activity: String, logger: Logger) {
        self.activity = activity
        self.logger = logger
    }

    /// What to answer to "are you ready", nil while it works.
    var notReady: String? { told.map { "\(activity) fails: \($0.reason)" } }

    mutating func failed(_ error: any Error) {
        let reason = String(describing: error)
        let now = ContinuousClock.now
        attempts += 1
        let isNew = since == nil
        if isNew { since = now }
        if let told, told.reason == reason || now - told.at < .seconds(30) { return }
        told = (reason, now)
        logger.warning(
            isNew ? "Consumer has to wait" : "Consumer still has to wait",
            [.kafkaReason: .string(activity), .errorMessage: .string(reason), .attempts: LogValue(attempts)])
    }

    mutating func succeeded() {
        guard let since else { return }
        logger.info(
            "Consumer goes on",
            [
                .kafkaReason: .string(activity), .attempts: LogValue(attempts),
                .durationMilliseconds: LogValue(ContinuousClock.now - since),
            ])
        forget()
    }

    /// What failed is somebody else's affair now.
    mutating func forget() {
        since = nil
        told = nil
        attempts = 0
    }
}
