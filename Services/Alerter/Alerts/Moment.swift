/// A reading of the alerter's two clocks, taken outside and passed in.
struct Moment: Sendable, Equatable {
    /// Microseconds since 1970 UTC: for what people and receivers read.
    var wall: Int64
    /// Microseconds since some start, never set back: for how long nothing came, and for when to try again.
    var steady: Int64
}
