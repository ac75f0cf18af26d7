/// How many attempts to connect may be open at a server at once, and what those that did not answer left behind there.
///
/// An attempt that misses its deadline may have made a backend, which is there until the server notices that nobody wants
/// it: each counts for the one who promised the server a number of backends.
public struct ConnectAttempts: Sendable {
    /// So many attempts, the abandoned ones included.
    public let limit: Int
    /// How many were given up without an answer.
    public private(set) var abandoned = 0
    /// With which of a name's addresses to begin, so that those that do not answer do not keep the others from being tried.
    /// Where the next opening begins when it is given this.
    public private(set) var turn: Int

    /// At most `limit` attempts (one at least); `turn` is where those before ended.
    public init(limit: Int, turn: Int = 0) {
        self.limit = max(1, limit)
        self.turn = turn
    }

    /// Whether another attempt may be made.
    public var isAnyLeft: Bool { abandoned < limit }

    /// An attempt, or what was opened by it, was given up without an answer.
    public mutating func abandon() {
        abandoned += 1
        turn &+= 1
    }

    /// Addresses in the order in which they are to be tried.
    public func ordered<Address>(_ addresses: [Address]) -> [Address] {
        guard addresses.count > 1 else { return addresses }
        let first = ((turn % addresses.count) + addresses.count) % addresses.count
        return Array(addresses[first...] + addresses[..<first])
    }
}
