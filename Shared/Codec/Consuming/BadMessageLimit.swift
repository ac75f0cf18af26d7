/// Stops a consumer that would drain a topic into the dead letters: too many of the last messages could not be used.
///
/// It is asked before anything is published, so that a batch full of bad messages stays where it is, also after a
/// restart.
public struct BadMessageLimit: Sendable {
    /// Of the messages looked at, how many may be bad.
    public let ratio: Double
    /// So many in the window are never too many.
    public let minimum: Int
    /// How many messages back are counted.
    private static let window = 2000

    private var seen = 0
    private var bad = 0

    public init(ratio: Double, minimum: Int) {
        self.ratio = ratio
        self.minimum = minimum
    }

    /// Whether a batch may be taken with so many bad messages in it; the ratio of bad ones when not.
    public func refuses(bad more: Int, of count: Int) -> Double? {
        let (bad, seen) = (bad + more, seen + count)
        guard more > 0, bad > minimum, Double(bad) > ratio * Double(seen) else { return nil }
        return Double(bad) / Double(seen)
    }

    /// The batch was taken. Old messages weigh half as much each time the window is full.
    public mutating func took(bad more: Int, of count: Int) {
        bad += more
        seen += count
        if seen > Self.window {
            seen /= 2
            bad /= 2
        }
    }
}
