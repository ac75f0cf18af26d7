/// When a server's next cycle is and which families it asks for. Pure: microseconds of a clock that does not go back.
///
/// - Cycles lie on a grid of the interval; where on it is derived from the server's id, so that a fleet is spread over the
///   interval and keeps its places when the collector restarts.
/// - A cycle that took longer than the interval makes the next one begin at the next place of the grid: nothing overlaps,
///   and nothing that was missed is caught up with.
/// - A family whose cost passes its part of the time is asked half as often, again and again, until it does not; it comes
///   back when half of the budget would do for twice as often.
struct Schedule: Sendable {
    /// A family's place in the schedule.
    struct Entry: Sendable {
        let name: String
        /// Asked every so many cycles.
        var every = 1
        /// Cycles left until it is asked.
        var wait = 0
        /// What it costs each time, smoothed (µs).
        var cost: Double = 0
    }

    /// The part of the time that a family may cost.
    static let budget = 0.02
    static let slowest = 64

    let interval: Int64
    private let phase: Int64
    private let firstDelay: Int64
    private let allowance: Int64
    private(set) var entries: [Entry]
    private var last: Int64?

    /// `window` is over how much time the first cycles of a fleet are spread when the collector starts; 0 is at once.
    /// `allowance` is what a reading may cost in any case (µs), so that a short interval does not slow down what is cheap.
    init(interval: Int64, id: String, families: [String], window: Int64 = 0, allowance: Int64 = 0) {
        self.interval = max(1, interval)
        self.allowance = allowance
        // FNV-1a: the same in every process (Swift's own hash is seeded anew in each).
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        phase = Int64(hash % UInt64(self.interval))
        entries = families.map { Entry(name: $0) }
        firstDelay = window > 0 ? Int64(hash >> 1) % min(window, self.interval) : 0
    }

    /// The beginning of the next cycle, and its families. The first cycle is not on the grid.
    mutating func next(after now: Int64) -> (at: Int64, families: [String]) {
        let at: Int64
        if last == nil {
            at = now + firstDelay
        } else {
            let since = now - phase
            let places = since / interval - (since % interval < 0 ? 1 : 0)
            at = phase + (places + 1) * interval
        }
        last = at
        var due: [String] = []
        for index in entries.indices {
            if entries[index].wait == 0 {
                due.append(entries[index].name)
                entries[index].wait = entries[index].every
            }
            entries[index].wait -= 1
        }
        return (at, due)
    }

    /// What a family cost. Returns a new multiple of the interval when it changed.
    mutating func completed(_ name: String, cost: Int64) -> Int? {
        guard let index = entries.firstIndex(where: { $0.name == name }) else { return nil }
        let smoothed = entries[index].cost == 0 ? Double(cost) : entries[index].cost * 0.7 + Double(cost) * 0.3
        entries[index].cost = smoothed
        let every = entries[index].every
        let share = max(0, smoothed - Double(allowance)) / Double(interval)
        if share / Double(every) > Self.budget, every < Self.slowest {
            entries[index].every = every * 2
        } else if every > 1, share / Double(every / 2) < Self.budget / 2 {
            entries[index].every = every / 2
        } else {
            return nil
        }
        entries[index].wait = entries[index].every - 1
        return entries[index].every
    }

    /// How often a family is asked now (µs).
    func interval(of name: String) -> Int64 {
        interval * Int64(entries.first { $0.name == name }?.every ?? 1)
    }
}
