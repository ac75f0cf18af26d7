/// An alert's expression: the subset of PromQL that is evaluated here, over what has arrived last.
indirect enum Expression: Sendable, Equatable {
    case number(Double)
    case selector(Selector)
    case negated(Expression)
    case aggregation(Aggregation, Expression)
    case binary(BinaryOperator, Expression, Expression, Matching?)

    /// Which series, by name and labels.
    struct Selector: Sendable, Equatable {
        let name: String
        let matchers: [Matcher]
    }

    struct Aggregation: Sendable, Equatable {
        enum Function: String, Sendable, CaseIterable {
            case sum, min, max, avg, count
        }
        enum Grouping: Sendable, Equatable {
            case by([String])
            case without([String])
        }
        let function: Function
        let grouping: Grouping
    }

    /// Which labels two sides are matched on; nil means all.
    enum Matching: Sendable, Equatable {
        case on([String])
        case ignoring([String])
    }

    enum BinaryOperator: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case equal = "=="
        case notEqual = "!="
        case greater = ">"
        case less = "<"
        case greaterOrEqual = ">="
        case lessOrEqual = "<="
        case and, or, unless

        /// Higher binds tighter; all of them from left to right.
        var precedence: Int {
            switch self {
            case .multiply, .divide: 5
            case .add, .subtract: 4
            case .equal, .notEqual, .greater, .less, .greaterOrEqual, .lessOrEqual: 3
            case .and, .unless: 2
            case .or: 1
            }
        }

        var isComparison: Bool { precedence == 3 }
        var isSet: Bool { precedence <= 2 }
    }

    /// The names of all series it reads, in the order they stand there.
    var seriesNames: [String] {
        switch self {
        case .number: []
        case .selector(let selector): [selector.name]
        case .negated(let inner), .aggregation(_, let inner): inner.seriesNames
        case .binary(_, let left, let right, _): left.seriesNames + right.seriesNames
        }
    }

    /// True when it gives one number and not a set of series.
    var isScalar: Bool {
        switch self {
        case .number: true
        case .selector, .aggregation: false
        case .negated(let inner): inner.isScalar
        case .binary(_, let left, let right, _): left.isScalar && right.isScalar
        }
    }
}
