/// Which times a table may have: a partition is made for the day of each, and an absurd clock must not make thousands.
struct TimeBounds: Sendable, Equatable {
    /// Microseconds before now; what is older would be dropped by the retention at once.
    let past: Int64
    /// Microseconds after now.
    let future: Int64

    /// Why a time is refused, or nil.
    func refusal(of time: Int64, now: Int64) -> String? {
        if time > now &+ future { return "its time is \((time - now) / 1_000_000) s in the future" }
        let (age, overflow) = now.subtractingReportingOverflow(time)
        if overflow { return "its time is before any calendar" }
        return age > past ? "its time is \(age / 1_000_000) s in the past, beyond the retention" : nil
    }
}
