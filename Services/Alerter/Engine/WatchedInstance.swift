/// A server as the alerter knows it: what is stored of it, and how far its data has come.
struct WatchedInstance: Sendable, Equatable, Codable {
    let id: String
    /// The partition of `samples` and `findings` that carries it, -1 for the alerter itself.
    var partition: Int32
    var interval: Int64
    var collector: String

    /// When it left the fleet, wall clock: kept until what is to be said of it is said; nil while it is watched.
    var leftAt: Int64?

    /// Where a family's data stands: its own time, and when it came by the steady clock, last and first.
    struct Clock: Sendable, Equatable {
        var data: Int64
        var arrived: Int64
        var first: Int64
    }

    /// By family; not stored: after a restart nothing is known until it comes again.
    var clocks: [String: Clock] = [:]
    /// The tables of this batch that were taken and not yet evaluated: families and their time.
    var touched: [String: Int64] = [:]
    /// How old the newest data is by the wall clock, at the time it came.
    var lag: Int64 = 0
    /// How far the server's clock is ahead of the collector's.
    var clockOffset: Int64 = 0
    /// What is stored of it was put back, or nothing is: what is missing in it is really missing.
    var restored = false

    enum CodingKeys: String, CodingKey {
        case id, partition, interval, collector, leftAt
    }

    init(id: String, partition: Int32, interval: Int64 = 0, collector: String = "") {
        self.id = id
        self.partition = partition
        self.interval = interval
        self.collector = collector
    }

    /// Something of a family came.
    mutating func heard(_ family: String, data: Int64, at now: Moment) {
        clocks[family] = Clock(data: data, arrived: now.steady, first: clocks[family]?.first ?? now.steady)
    }
}
