/// Stops a writer that would drain a topic into the dead letters: too many of the last messages could not be used.
///
/// It is asked before anything is published, so that a batch full of bad messages stays where it is, also after a
/// restart.
struct BadMessageLimit: Sendable {
    /// Of the messages looked at, how many may be bad.
    let ratio: Double
    /// So many in the window are never too many.
    let minimum: Int
    /// How many messages back are counted.
    let window: Int

    private var seen = 0
    private var bad = 0

    init(ratio: Double, minimum: Int, window: Int = 2000) {
        self.ratio = ratio
        self.minimum = minimum
        self.window = window
    }

    /// Whether a batch may be taken with so many bad messages in it; the ratio of bad ones when not.
    func refuses(bad more: Int, of count: Int) -> Double? {
        let (bad, seen) = (bad + more, seen + count)
        guard more > 0, bad > minimum, Double(bad) > ratio * Double(seen) else { return nil }
        return Double(bad) / Double(seen)
    }

    /// The batch was taken. Old messages weigh half as much each time the window is full.
    mutating func took(bad more: Int, of count: Int) {
        bad += more
        seen += count
        if seen > window {
            seen /= 2
            bad /= 2
        }
    }
}
