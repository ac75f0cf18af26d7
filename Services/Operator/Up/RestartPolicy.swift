/// When a process that died is started again: soon, then ever later, up to ten seconds; a process that lived for half
/// a minute begins anew. Pure: the caller says how long the process lived.
struct RestartPolicy: Sendable {
    static let first: Duration = .milliseconds(200)
    static let longest: Duration = .seconds(10)
    static let settled: Duration = .seconds(30)

    /// Deaths in a row, each before the process had settled.
    private(set) var deaths = 0

    /// The process lived for `lifetime` and ended; returns how long to wait before it is started again.
    mutating func ended(after lifetime: Duration) -> Duration {
        deaths = lifetime >= Self.settled ? 1 : deaths + 1
        return min(Self.first * (1 << min(deaths - 1, 6)), Self.longest)
    }
}
