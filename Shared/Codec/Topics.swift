/// The topics, each declared for the cluster in `topics/<name>.yaml`.
public enum Topics {
    /// What the names begin with when an installation does not say otherwise.
    public static let defaultPrefix = "pganalytics."
    /// What to do when one is not there.
    public static let missingRemedy = "create it with: pganalytics topics apply"

    /// Every sample of every family of every instance: the log of record.
    public static let samples = Topic<Table>("samples", version: 1, key: .instance, sequenced: true)
    /// Statement texts, once for each name.
    public static let statements = Topic<Statement>("statements", version: 1, key: .fingerprint, sequenced: false)
    /// Heartbeats of the collectors.
    public static let collectors = Topic<CollectorStatus>(
        "collectors", version: 1, key: .collector, sequenced: true)
    /// What the analyzer found.
    public static let findings = Topic<Finding>("findings", version: 1, key: .instance, sequenced: false)
    /// State changes and deliveries of alerts.
    public static let alerts = Topic<AlertEvent>("alerts", version: 1, key: .alert, sequenced: false)
    /// What could not be used: a whole message of another topic, and what is said of it.
    public static let deadletter = Topic<DeadLetter>(
        "deadletter", version: 1, key: .original, sequenced: false, maxMessageBytes: 2 << 20)

    /// All of them.
    public static let all: [AnyTopic] = [
        samples.erased, statements.erased, collectors.erased, findings.erased, alerts.erased, deadletter.erased,
    ]
}
