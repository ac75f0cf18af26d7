/// Reads an expression. What is PromQL but outside the subset is refused by name: an alert that means something else
/// here than in Prometheus is worse than none.
struct ExpressionParser {
    private let tokens: [Token]
    private let catalogue: SeriesCatalogue
    private var index = 0
    private var depth = 0

    private init(_ tokens: [Token], _ catalogue: SeriesCatalogue) {
        self.tokens = tokens
        self.catalogue = catalogue
    }

    static func parse(_ text: String, catalogue: SeriesCatalogue) throws(SyntaxError) -> Expression {
        var parser = ExpressionParser(try Lexer.tokens(text), catalogue)
        let expression = try parser.expression(0)
        guard parser.current.kind == .end else {
            throw parser.refusal("\(parser.current.kind) was not expected here")
        }
        return expression
    }

    private var current: Token { tokens[index] }

    private func refusal(_ message: String) -> SyntaxError {
        SyntaxError(offset: current.offset, message: message)
    }

    private mutating func accept(_ symbol: String) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(SyntaxError) {
        guard accept(symbol) else { throw refusal("expected '\(symbol)' and found \(current.kind)") }
    }

    private mutating func identifier(_ what: String) throws(SyntaxError) -> String {
        guard case .identifier(let name) = current.kind else {
            throw refusal("expected \(what) and found \(current.kind)")
        }
        index += 1
        return name
    }

    private mutating func expression(_ least: Int) throws(SyntaxError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw refusal("the expression is nested too deeply") }
        var left = try unary()
        while let (operation, width) = try peekOperator(), operation.precedence > least {
            let start = current.offset
            index += width
            if case .identifier("bool") = current.kind {
                throw refusal("'bool' is not part of the subset evaluated here")
            }
            let matching = try self.matching()
            let right = try expression(operation.precedence)
            try check(operation, left, right, matching, at: start)
            left = .binary(operation, left, right, matching)
        }
        return left
    }

    private func check(
        _ operation: Expression.BinaryOperator, _ left: Expression, _ right: Expression,
        _ matching: Expression.Matching?, at offset: Int
    ) throws(SyntaxError) {
        if operation.isSet, left.isScalar || right.isScalar {
            throw SyntaxError(offset: offset, message: "'\(operation.rawValue)' needs series on both sides")
        }
        if operation.isComparison, left.isScalar, right.isScalar {
            throw SyntaxError(offset: offset, message: "two numbers are compared: an alert compares series")
        }
        if matching != nil, left.isScalar || right.isScalar {
            throw SyntaxError(offset: offset, message: "'on' and 'ignoring' need series on both sides")
        }
    }

    private func peekOperator() throws(SyntaxError) -> (Expression.BinaryOperator, Int)? {
        switch current.kind {
        case .symbol(let symbol):
            if symbol == "%" || symbol == "^" {
                throw refusal("'\(symbol)' is not part of the subset evaluated here (+ - * / are)")
            }
            return Expression.BinaryOperator(rawValue: symbol).map { ($0, 1) }
        case .identifier(let word) where word == "and" || word == "or" || word == "unless":
            return Expression.BinaryOperator(rawValue: word).map { ($0, 1) }
        default:
            return nil
        }
    }

    private mutating func matching() throws(SyntaxError) -> Expression.Matching? {
        guard case .identifier(let word) = current.kind, word == "on" || word == "ignoring" else { return nil }
        index += 1
        let labels = try labelList()
        if case .identifier(let word) = current.kind, word == "group_left" || word == "group_right" {
            throw refusal("'\(word)' is not part of the subset evaluated here: match one to one")
        }
        return word == "on" ? .on(labels) : .ignoring(labels)
    }

    private mutating func labelList() throws(SyntaxError) -> [String] {
        try expect("(")
        var labels: [String] = []
        while !accept(")") {
            labels.append(try identifier("a label's name"))
            if !accept(","), current.kind != .symbol(")") {
                throw refusal("expected ',' or ')' and found \(current.kind)")
            }
        }
        return labels
    }

    private mutating func unary() throws(SyntaxError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw refusal("the expression is nested too deeply") }
        if accept("-") { return .negated(try unary()) }
        if accept("+") { return try unary() }
        return try primary()
    }

    private mutating func primary() throws(SyntaxError) -> Expression {
        switch current.kind {
        case .number(let value):
            index += 1
            return .number(value)
        case .symbol("("):
            index += 1
            let inner = try expression(0)
            try expect(")")
            return inner
        case .symbol("{"):
            throw refusal("a selector needs the series' name before its braces")
        case .identifier(let name):
            if let function = Expression.Aggregation.Function(rawValue: name), followedByGroup {
                return try aggregation(function)
            }
            if tokens[index + 1].kind == .symbol("(") {
                throw refusal(
                    "'\(name)()' is not part of the subset evaluated here (sum, min, max, avg and count by labels are)")
            }
            return try selector(name)
        default:
            throw refusal("expected a series, a number or '(' and found \(current.kind)")
        }
    }

    /// An aggregation's name is followed by its labels or its argument; else it is a series called so.
    private var followedByGroup: Bool {
        switch tokens[index + 1].kind {
        case .symbol("("), .identifier("by"), .identifier("without"): true
        default: false
        }
    }

    private mutating func aggregation(_ function: Expression.Aggregation.Function) throws(SyntaxError) -> Expression {
        index += 1
        var grouping = try self.grouping()
        try expect("(")
        let inner = try expression(0)
        guard !inner.isScalar else { throw refusal("'\(function.rawValue)' needs series and was given a number") }
        try expect(")")
        if grouping == nil { grouping = try self.grouping() }
        return .aggregation(.init(function: function, grouping: grouping ?? .by([])), inner)
    }

    private mutating func grouping() throws(SyntaxError) -> Expression.Aggregation.Grouping? {
        guard case .identifier(let word) = current.kind, word == "by" || word == "without" else { return nil }
        index += 1
        let labels = try labelList()
        return word == "by" ? .by(labels) : .without(labels)
    }

    private mutating func selector(_ name: String) throws(SyntaxError) -> Expression {
        if let reason = catalogue.refusal(name) { throw refusal(reason) }
        index += 1
        var matchers: [Matcher] = []
        if accept("{") {
            while !accept("}") {
                matchers.append(try matcher())
                if !accept(","), current.kind != .symbol("}") {
                    throw refusal("expected ',' or '}' and found \(current.kind)")
                }
            }
        }
        switch current.kind {
        case .symbol("["): throw refusal("ranges ('[5m]') are not part of the subset evaluated here")
        case .symbol("@"), .identifier("offset"):
            throw refusal(
                "\(current.kind) is not part of the subset evaluated here: only what arrived last is looked at")
        default: return .selector(.init(name: name, matchers: matchers))
        }
    }

    private mutating func matcher() throws(SyntaxError) -> Matcher {
        let label = try identifier("a label's name")
        guard case .symbol(let symbol) = current.kind, let operation = Matcher.Operation(rawValue: symbol) else {
            throw refusal("expected =, !=, =~ or !~ and found \(current.kind)")
        }
        index += 1
        guard case .string(let value) = current.kind else {
            throw refusal("expected the label's value in quotes and found \(current.kind)")
        }
        guard let matcher = Matcher(label: label, operation: operation, value: value) else {
            throw refusal("\"\(value)\" is not a regular expression")
        }
        index += 1
        return matcher
    }
}
