/// When which wait runs out of time, the earliest first.
///
/// A wait that ended otherwise stays in it until its time, or until the dead outnumber the living.
struct DeadlineHeap {
    private var entries: [(at: ContinuousClock.Instant, id: UInt64)] = []
    private var limit = 1_024

    /// The earliest.
    var first: ContinuousClock.Instant? { entries.first?.at }

    /// Adds one.
    mutating func insert(_ at: ContinuousClock.Instant, _ id: UInt64) {
        entries.append((at, id))
        var child = entries.count - 1
        while child > 0, entries[child].at < entries[(child - 1) / 2].at {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the earliest if its time has come.
    mutating func removeFirst(dueBy now: ContinuousClock.Instant) -> UInt64? {
        guard let earliest = entries.first, earliest.at <= now else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        sink(0)
        return earliest.id
    }

    /// Forgets the waits that are over, when they are so many that it is worth while.
    mutating func prune(isLive: (UInt64) -> Bool) {
        guard entries.count > limit else { return }
        entries.removeAll { !isLive($0.id) }
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { sink(index) }
        limit = max(1_024, entries.count * 2)
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in 2 * parent + 1...2 * parent + 2 {
                if child < entries.count && entries[child].at < entries[least].at { least = child }
            }
            if least == parent { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
