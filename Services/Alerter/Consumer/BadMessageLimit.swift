/// Stops a consumer that would drain a topic into the dead letters: asked before anything is published, so that a batch
/// full of unusable messages stays where it is.
struct BadMessageLimit: Sendable {
    let ratio: Double
    /// So many at a time are never too many.
    let minimum: Int

    private var seen = 0
    private var bad = 0

    init(ratio: Double, minimum: Int) {
        self.ratio = ratio
        self.minimum = minimum
    }

    /// The share of unusable messages when it would be too large with these; nil when it would not.
    func refuses(bad more: Int, of count: Int) -> Double? {
        guard more > 0, bad + more > minimum else { return nil }
        let share = Double(bad + more) / Double(max(seen + count, 1))
        return share > ratio ? share : nil
    }

    /// These were dealt with. What is long ago weighs less and less.
    mutating func took(bad more: Int, of count: Int) {
        bad += more
        seen += count
        if seen > 2_000 {
            seen /= 2
            bad /= 2
        }
    }
}
