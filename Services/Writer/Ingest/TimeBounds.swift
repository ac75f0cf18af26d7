/// Which times a table may have: a partition is made for the day of each, and an absurd clock must not make thousands.
struct TimeBounds: Sendable, Equatable {
    enum Verdict: Sendable, Equatable {
        case fits
        /// So late that the retention would drop it at once. That is no fault of the message: a site may have been cut off
        /// for as long.
        case expired
        /// No clock tells such a time.
        case absurd(String)
    }

    /// No spool keeps a message for longer than a year.
    private static let longestDelay: Int64 = 366 * 86_400_000_000

    /// Microseconds before now.
    let past: Int64
    /// Microseconds after now.
    let future: Int64

    func verdict(on time: Int64, now: Int64) -> Verdict {
        if time > now &+ future { return .absurd("its time is \((time - now) / 1_000_000) s in the future") }
        let (age, overflow) = now.subtractingReportingOverflow(time)
        if overflow || age > max(past, Self.longestDelay) { return .absurd("its time is more than a year in the past") }
        return age > past ? .expired : .fits
    }
}
