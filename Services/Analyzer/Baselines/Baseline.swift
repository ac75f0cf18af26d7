/// What one statement's mean execution time is like: by hour of the day (UTC) and over all hours.
struct Baseline: Sendable, Equatable {
    /// Which of the sketches a threshold came from.
    enum Scope: Sendable, Equatable {
        /// The hour of the day, 0…23 UTC.
        case hour(Int)
        case allHours
    }

    /// Time of the first cycle in which the statement ran: the grace counts from here. Microseconds, UTC.
    var firstSeen: Int64
    /// Time of the newest cycle that was evaluated.
    var lastSeen: Int64
    /// Mean execution times of all cycles, in nanoseconds.
    var allHours = QuantileSketch()
    /// The same by hour of the day; an hour that has seen nothing holds nothing.
    var hours: [Int: QuantileSketch] = [:]
    /// What the statement is called, once a row has said it: rows say it only now and then.
    var name: String?
    /// Set while the statement is broken.
    var episode: Episode?
    /// Broken means since the statement last recovered.
    var shadow: Shadow?

    init(firstSeen: Int64) {
        self.firstSeen = firstSeen
        lastSeen = firstSeen
    }

    /// Takes a cycle's mean into the hour it belongs to, and into all hours.
    mutating func learn(_ mean: Double, at time: Int64) {
        allHours.add(mean)
        hours[Self.hour(of: time), default: QuantileSketch()].add(mean)
    }

    /// The sketch that judges a cycle at `time`: of its hour, or of all hours until that hour has seen enough cycles.
    func reference(at time: Int64, hourMinimum: Int) -> (sketch: QuantileSketch, scope: Scope) {
        let hour = Self.hour(of: time)
        if let sketch = hours[hour], sketch.count >= UInt64(max(hourMinimum, 1)) { return (sketch, .hour(hour)) }
        return (allHours, .allHours)
    }

    /// The hour of the day, UTC, also of times before 1970.
    static func hour(of time: Int64) -> Int {
        let day: Int64 = 86_400_000_000
        let inDay = (time % day + day) % day
        return Int(inDay / 3_600_000_000)
    }
}
