/// What can be set about evaluation.
struct EngineSettings: Sendable {
    var notifications = NotificationBook.Settings()
    /// A pending alert's time goes on between tables for this many intervals, and then waits for data.
    var freshIntervals = 2.5
    /// The same for instances whose interval is short or not known, microseconds.
    var freshAtLeast: Int64 = 15_000_000
    /// What a rule reads and never came is unknown for this long after the rest of it came first, microseconds, and for
    /// this many intervals at least; then the server does not send it, and there is none.
    var unknownAtLeast: Int64 = 300_000_000
    var unknownIntervals: Int64 = 30
    /// The alerter's own alerts carry this instance.
    var ownInstance = "pganalytics"
    /// So many events wait for Kafka at most; then the oldest are dropped, and counted.
    var mostEvents = 50_000
    /// Findings that are over are remembered for this long, so that an older message does not open them again.
    var rememberFindings: Int64 = 3_600_000_000
}
