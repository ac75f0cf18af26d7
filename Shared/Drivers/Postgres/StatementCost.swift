/// What statements over a connection took: a running sum, for whoever compares it before and after.
public struct StatementCost: Sendable, Equatable {
    /// From sending each statement until the last of its answer was there, or it was given up: the server's work and the
    /// way to it and back.
    public var time: Duration = .zero
    /// Bytes of the values in the answers, without the protocol's own.
    public var bytes = 0

    public static func - (later: StatementCost, earlier: StatementCost) -> StatementCost {
        StatementCost(time: later.time - earlier.time, bytes: later.bytes - earlier.bytes)
    }
}
