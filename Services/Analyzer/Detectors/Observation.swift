/// One row of the statements family as the detectors see it.
struct Observation: Sendable, Equatable {
    let subject: Subject
    /// The statement's name (fingerprint) once the collector knows it.
    let name: String?
    /// End of the cycle, microseconds UTC.
    let time: Int64
    /// Length of the cycle, microseconds.
    let interval: Int64
    let calls: Int64
    /// Execution time in the cycle, nanoseconds.
    let total: Int64

    /// Mean execution time in the cycle, nanoseconds.
    var mean: Double { calls > 0 ? Double(total) / Double(calls) : 0 }
}
