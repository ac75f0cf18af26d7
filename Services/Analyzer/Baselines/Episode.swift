/// The time in which a statement is broken: from the finding's opening to its resolving.
struct Episode: Sendable, Equatable {
    /// Start of the first broken cycle: with rule, instance and subject the finding's identity.
    var windowStart: Int64
    /// End of the newest broken cycle.
    var lastBroken: Int64
    /// What the finding calls the statement, fixed when it opens: its name, or the queryid while there is none.
    var name: String
    /// Broken cycles so far.
    var cycles: Int64 = 0
    /// Calls in the broken cycles.
    var calls: Int64 = 0
    /// Execution time of the broken cycles, in nanoseconds.
    var total: Int64 = 0
    /// The worst mean so far, in nanoseconds.
    var peak: Double = 0
    /// Normal cycles since the last broken one.
    var normal: Int64 = 0
    /// Time of the newest message about it.
    var lastSaid: Int64
    /// Messages about it so far: the number of the next one.
    var said: Int64 = 0
    /// The P95 that the newest broken cycle was held against, in nanoseconds.
    var baseline: Double = 0
}

/// The broken means that were kept out of a baseline since the statement was last found recovered: what becomes the
/// baseline when it lasts. It outlives an episode that ended because the statement was not run.
struct Shadow: Sendable, Equatable {
    /// Time of the first of them.
    var since: Int64
    var sketch = QuantileSketch()
}
