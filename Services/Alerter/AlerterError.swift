/// What keeps the alerter from its work: one line with place, value and remedy.
struct AlerterError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
