/// How many backends of a server are the collector's: never more than two, whatever happens.
///
/// A connection that is dropped by a deadline of ours goes on as a backend until the server notices or its
/// `statement_timeout` has passed: until then it counts. Pure: times are microseconds of any clock that does not go back.
struct BackendBudget: Sendable {
    static let limit = 2

    private(set) var open = 0
    private var ghosts: [Int64] = []

    /// Backends that are or may be there.
    mutating func count(at now: Int64) -> Int {
        ghosts.removeAll { $0 <= now }
        return open + ghosts.count
    }

    /// Takes one if there is one to take.
    mutating func take(at now: Int64) -> Bool {
        guard count(at: now) < Self.limit else { return false }
        open += 1
        return true
    }

    /// How many more there may be.
    mutating func left(at now: Int64) -> Int { max(0, Self.limit - count(at: now)) }

    /// The server knows that it is over (closed in order, or refused).
    mutating func closed() { open -= 1 }

    /// Dropped by us while the server may still be at work on it.
    mutating func dropped(until end: Int64) {
        open -= 1
        ghosts.append(end)
    }

    /// So many more may be there, of attempts to connect that were given up.
    mutating func abandoned(_ number: Int, until end: Int64) {
        ghosts += [Int64](repeating: end, count: number)
    }
}
