/// An alerting rule, ready to be evaluated.
struct Rule: Sendable, Equatable {
    let group: String
    let name: String
    let expression: Expression
    /// The expression as it was written.
    let text: String
    /// `for`: how long it must hold before it fires, in microseconds.
    let holdFor: Int64
    /// `keep_firing_for`: how long it must not hold before it is over, in microseconds.
    let keepFiringFor: Int64
    let labels: [String: Template]
    let annotations: [String: Template]

    /// The label that makes an alert mute all others of its instance: `inhibits: instance`.
    static let inhibitingLabel = "inhibits"

    /// All series that its expression reads, in order; the first one's clock is the rule's.
    var seriesNames: [String] { expression.seriesNames }
}
