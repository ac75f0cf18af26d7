import Foundation

/// A condition on one label, as in a selector's braces. A label that is not there is the empty string.
struct Matcher: Sendable, Equatable {
    enum Operation: String, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    let label: String
    let operation: Operation
    let value: String
    private let pattern: NSRegularExpression?

    /// Nil when the value is no regular expression.
    init?(label: String, operation: Operation, value: String) {
        self.label = label
        self.operation = operation
        self.value = value
        switch operation {
        case .equal, .notEqual:
            pattern = nil
        case .matches, .notMatches:
            // Anchored at both ends, as in Prometheus.
            guard
                let compiled = try? NSRegularExpression(pattern: "^(?:\(value))$", options: [.dotMatchesLineSeparators])
            else { return nil }
            pattern = compiled
        }
    }

    func admits(_ labels: Labels) -> Bool {
        let found = labels[label] ?? ""
        return switch operation {
        case .equal: found == value
        case .notEqual: found != value
        case .matches: fits(found)
        case .notMatches: !fits(found)
        }
    }

    private func fits(_ text: String) -> Bool {
        pattern?.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
    }

    static func == (left: Matcher, right: Matcher) -> Bool {
        left.label == right.label && left.operation == right.operation && left.value == right.value
    }
}
