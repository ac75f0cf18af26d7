/// What keeps the analyzer from its work: one line with place, value and remedy.
struct AnalyzerError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
