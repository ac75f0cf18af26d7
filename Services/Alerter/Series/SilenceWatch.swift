/// Knows of each instance how long nothing has come, counting only time in which something could have: while Kafka
/// was reachable and the partition ours. A stopped alerter or an unreachable broker makes nobody silent.
struct SilenceWatch: Sendable {
    struct Entry: Sendable, Equatable {
        /// When a table arrived last, by the steady clock; nil when none has since we began to listen.
        var lastArrival: Int64?
        /// How far the instance's cycles are apart, microseconds.
        var interval: Int64
        /// Which collector reads it.
        var collector: String
        /// Since when its partition is ours again; nil while it was all the time.
        var resumed: Int64?
    }

    /// Since when we listen; nil while we cannot.
    private(set) var listeningSince: Int64?
    private(set) var entries: [String: Entry] = [:]

    /// Something came of an instance.
    mutating func arrived(_ instance: String, interval: Int64, collector: String, at now: Moment) {
        var entry = entries[instance] ?? Entry(lastArrival: nil, interval: interval, collector: collector)
        entry.lastArrival = now.steady
        entry.collector = collector
        if interval > 0 { entry.interval = interval }
        entries[instance] = entry
    }

    /// An instance known from before a restart.
    mutating func restore(_ instance: String, interval: Int64, collector: String) {
        if entries[instance] == nil {
            entries[instance] = Entry(lastArrival: nil, interval: interval, collector: collector)
        }
    }

    /// An instance that was not listened to for a while.
    mutating func resumes(_ instance: String, at now: Moment) {
        entries[instance]?.lastArrival = nil
        entries[instance]?.resumed = now.steady
    }

    mutating func forget(_ instance: String) {
        entries[instance] = nil
    }

    /// Kafka is reachable, or is not. Coming back begins all silences anew.
    mutating func listens(_ reachable: Bool, at now: Moment) {
        if !reachable {
            listeningSince = nil
        } else if listeningSince == nil {
            listeningSince = now.steady
            for instance in entries.keys { entries[instance]!.lastArrival = nil }
        }
    }

    /// How long nothing came of an instance, in microseconds; nil while nobody can say. `heard` is false when nothing
    /// came since we listen: a short silence then proves nothing.
    func silence(of instance: String, at now: Moment) -> (microseconds: Int64, heard: Bool)? {
        guard let since = listeningSince, let entry = entries[instance] else { return nil }
        let begin = max(since, entry.resumed ?? since, entry.lastArrival ?? since)
        return (max(0, now.steady - begin), entry.lastArrival != nil)
    }
}
