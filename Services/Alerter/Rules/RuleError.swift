/// Why a rule file cannot be used: where, what was found, and what would do.
struct RuleError: Error, Equatable, CustomStringConvertible {
    let file: String
    let line: Int
    let column: Int
    let message: String

    var description: String { "\(file):\(line):\(column): \(message)" }
}

/// What was wrong at an offset (in characters) of an expression or a template, before it is known where that stands.
struct SyntaxError: Error, Equatable {
    let offset: Int
    let message: String
}
