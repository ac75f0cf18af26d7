/// When the demo does what, in seconds after the load has begun, for a run of a given length. Pure.
struct Timeline: Equatable, Sendable {
    /// The analyzer's grace: the baseline is taken until then.
    let grace: Int
    /// The index under the planted statement is dropped.
    let slowFrom: Int
    /// A session takes a row lock that two others then wait for, …
    let blockFrom: Int
    /// … until it commits.
    let blockUntil: Int
    /// The index comes back.
    let slowUntil: Int
    /// The load ends; what follows is the last cycles and the report.
    let end: Int
    /// How long pgbench may take to have ended by itself.
    var patience: Duration { .seconds(end + 120) }

    /// - Parameter seconds: how long the load lasts: at least 40.
    init(seconds: Int) {
        end = max(seconds, 40)
        grace = end / 4
        blockFrom = end / 5
        blockUntil = blockFrom + 12
        slowFrom = grace + 5
        slowUntil = end - 8
    }
}
