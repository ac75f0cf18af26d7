/// Says in which rows a statement's name travels beside its queryid: as soon as it is known, and again once in a period, so
/// that whoever begins to read late, or lost a message, knows every name again after a while.
///
/// Names are repeated in the first row of each period, most of them in the same message: a column of names in which hardly
/// a row has one costs more than the names do. A reader keeps the pairs that it saw. Rows without a name are whole: the
/// queryid says which statement they are of.
public struct NameSchedule: Sendable {
    /// After how many cycles names are repeated: an hour of 10 s.
    public static let period = 360

    private let period: Int
    /// The number of the period in which a queryid's name was sent last.
    private var sent: [Int64: Int32] = [:]

    public init(period: Int = NameSchedule.period) {
        self.period = max(1, period)
    }

    /// Whether the row of a queryid carries its name in this cycle; if so it counts as sent.
    public mutating func isDue(_ queryid: Int64, cycle: Int) -> Bool {
        let now = Int32(truncatingIfNeeded: cycle / period)
        return sent.updateValue(now, forKey: queryid) != now
    }

    /// Forgets a queryid that the server forgot.
    public mutating func forget(_ queryid: Int64) { sent[queryid] = nil }
}
