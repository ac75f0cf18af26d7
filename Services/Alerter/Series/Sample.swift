/// The labels of a series, without its name.
typealias Labels = [String: String]

/// One series' value, as it arrived last.
struct Sample: Sendable, Equatable {
    var labels: Labels
    var value: Double
}

/// Where an expression's series come from.
protocol SeriesSource {
    /// All series of that name.
    func samples(of name: String) -> [Sample]
}
