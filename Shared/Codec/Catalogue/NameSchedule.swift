/// Says in which rows a statement's name travels beside its queryid: as soon as it is known, and again now and then, so that
/// whoever begins to read late, or lost a message, knows every name again after a while.
///
/// A reader keeps the pairs that it saw. Rows without a name are whole: the queryid says which statement they are of.
public struct NameSchedule: Sendable {
    /// After how many cycles a name is repeated: an hour of 10 s.
    public static let period = 360

    private let period: UInt32
    private var sent: [Int64: UInt32] = [:]

    public init(period: Int = NameSchedule.period) {
        self.period = UInt32(max(1, period))
    }

    /// Whether the row of a queryid carries its name in this cycle; if so it counts as sent.
    public mutating func isDue(_ queryid: Int64, cycle: Int) -> Bool {
        let now = UInt32(truncatingIfNeeded: cycle)
        if let last = sent[queryid], now &- last < period { return false }
        // The first repetition comes at a moment of its own, so that those which began together do not all come together.
        let early = sent[queryid] == nil ? UInt32(truncatingIfNeeded: UInt64(bitPattern: queryid) % UInt64(period)) : 0
        sent[queryid] = now &- early
        return true
    }

    /// Forgets a queryid that the server forgot.
    public mutating func forget(_ queryid: Int64) { sent[queryid] = nil }
}
