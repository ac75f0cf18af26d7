/// A finding of the analyzer as the alerter knows it.
struct OpenFinding: Sendable, Equatable, Codable {
    let identity: String
    let instance: String
    /// Time of the newest message about it.
    var time: Int64
    /// When it was over; nil while it is open.
    var resolvedAt: Int64?
    var labels: Labels
    var value: Double
}
