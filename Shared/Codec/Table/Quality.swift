/// What is known of the reading that a row's deltas were taken from.
public enum Quality: UInt8, Sendable, CaseIterable {
    /// The deltas are exact.
    case ok = 0
    /// There was no earlier reading: the deltas are null, never the total.
    case first = 1
    /// The counters were reset since the earlier reading: the deltas are what was counted after the reset.
    case reset = 2
    /// The server forgot the series and made it anew in between: what it counted before is lost.
    case evicted = 3
}
