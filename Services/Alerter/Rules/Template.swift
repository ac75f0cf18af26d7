/// A label's or annotation's text with what Prometheus' templates offer of it here: `{{ $labels.x }}`, `{{ $value }}`,
/// and `{{ range query "…" }} … {{ .Labels.x }} {{ .Value }} … {{ end }}`, each piped through `humanize`,
/// `humanizeDuration`, `humanizePercentage` or `printf "%.1f"`. A query looks at the alert's own instance.
struct Template: Sendable, Equatable {
    /// What is written in a pair of braces.
    private enum Subject: Sendable, Equatable {
        case label(String)
        case value
        case rowLabel(String)
        case rowValue
    }

    private enum Filter: Sendable, Equatable {
        case humanize, humanizeDuration, humanizePercentage
        case printf(String)
    }

    private indirect enum Part: Sendable, Equatable {
        case text(String)
        case insert(Subject, [Filter])
        case rows(Expression, [Part])
    }

    private let parts: [Part]

    /// The names of all series its queries read.
    let seriesNames: [String]

    init(_ text: String, catalogue: SeriesCatalogue) throws(SyntaxError) {
        var reader = Reader(characters: Array(text), catalogue: catalogue)
        parts = try reader.parts(insideRows: false)
        seriesNames = reader.seriesNames
    }

    /// The text for an alert with these labels and this value.
    func render(_ labels: Labels, _ value: Double, _ source: any SeriesSource) -> String {
        var text = ""
        Self.render(parts, labels, value, nil, source, into: &text)
        return text
    }

    private static func render(
        _ parts: [Part], _ labels: Labels, _ value: Double, _ row: Sample?, _ source: any SeriesSource,
        into text: inout String
    ) {
        for part in parts {
            switch part {
            case .text(let literal):
                text += literal
            case .insert(let subject, let filters):
                switch subject {
                case .label(let name): text += labels[name] ?? ""
                case .rowLabel(let name): text += row?.labels[name] ?? ""
                case .value: text += format(value, filters)
                case .rowValue: text += format(row?.value ?? .nan, filters)
                }
            case .rows(let expression, let inner):
                var evaluator = Evaluator(source: source)
                let rows = evaluator.vector(expression)
                for row in rows.sorted(by: { ($1.value, key($0)) < ($0.value, key($1)) }).prefix(20) {
                    render(inner, labels, value, row, source, into: &text)
                }
            }
        }
    }

    private static func key(_ sample: Sample) -> String {
        sample.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    private static func format(_ value: Double, _ filters: [Filter]) -> String {
        guard let filter = filters.first else { return Humanize.plain(value) }
        return switch filter {
        case .humanize: Humanize.number(value)
        case .humanizeDuration: Humanize.duration(value)
        case .humanizePercentage: Humanize.percentage(value)
        case .printf(let format): Humanize.printf(format, value)
        }
    }

    /// Reads a template's text.
    private struct Reader {
        let characters: [Character]
        let catalogue: SeriesCatalogue
        var offset = 0
        var seriesNames: [String] = []

        mutating func parts(insideRows: Bool) throws(SyntaxError) -> [Part] {
            var parts: [Part] = []
            var literal = ""
            while offset < characters.count {
                guard characters[offset] == "{", offset + 1 < characters.count, characters[offset + 1] == "{" else {
                    literal.append(characters[offset])
                    offset += 1
                    continue
                }
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                let start = offset
                let action = try self.action()
                if action == "end" {
                    guard insideRows else { throw SyntaxError(offset: start, message: "'end' closes nothing") }
                    return parts
                }
                parts.append(try part(action, at: start, insideRows: insideRows))
            }
            guard !insideRows else { throw SyntaxError(offset: offset, message: "'range' has no '{{ end }}'") }
            if !literal.isEmpty { parts.append(.text(literal)) }
            return parts
        }

        /// What stands between the braces, which are skipped.
        private mutating func action() throws(SyntaxError) -> String {
            let start = offset
            offset += 2
            var text = ""
            var quote: Character?
            while offset < characters.count {
                let character = characters[offset]
                if quote == nil, character == "}", offset + 1 < characters.count, characters[offset + 1] == "}" {
                    offset += 2
                    return text.trimmed
                }
                if let open = quote {
                    if character == "\\", open == "\"", offset + 1 < characters.count {
                        text.append(character)
                        offset += 1
                        text.append(characters[offset])
                        offset += 1
                        continue
                    }
                    if character == open { quote = nil }
                } else if character == "\"" || character == "`" {
                    quote = character
                }
                text.append(character)
                offset += 1
            }
            throw SyntaxError(offset: start, message: "'{{' is not closed")
        }

        private mutating func part(_ action: String, at start: Int, insideRows: Bool) throws(SyntaxError) -> Part {
            if action.hasPrefix("range ") {
                guard !insideRows else {
                    throw SyntaxError(
                        offset: start, message: "a 'range' inside a 'range' is not part of the subset here")
                }
                let rest = String(action.dropFirst(6)).trimmed
                guard rest.hasPrefix("query "), let query = Self.quoted(String(rest.dropFirst(6)).trimmed) else {
                    throw SyntaxError(offset: start, message: "'range' goes over a query: {{ range query \"…\" }}")
                }
                let expression: Expression
                do throws(SyntaxError) {
                    expression = try ExpressionParser.parse(query, catalogue: catalogue)
                } catch {
                    throw SyntaxError(offset: start, message: "in the query: \(error.message)")
                }
                seriesNames += expression.seriesNames
                return .rows(expression, try parts(insideRows: true))
            }
            return try insertion(action, at: start, insideRows: insideRows)
        }

        private func insertion(_ action: String, at start: Int, insideRows: Bool) throws(SyntaxError) -> Part {
            var pieces = Self.split(action)
            var filters: [Filter] = []
            var head = pieces.removeFirst()
            // `printf "%.1f" $value` and `humanize $value` say the same as the pipe does.
            if let space = head.lastIndex(of: " "), !head.hasPrefix("$"), !head.hasPrefix(".") {
                filters.append(try filter(String(head[..<space]).trimmed, at: start))
                head = String(head[head.index(after: space)...]).trimmed
            }
            for piece in pieces { filters.append(try filter(piece, at: start)) }
            guard filters.count <= 1 else {
                throw SyntaxError(offset: start, message: "one formatting of a value is enough: '\(action)'")
            }
            let subject = try subject(head, action, at: start, insideRows: insideRows)
            switch subject {
            case .label, .rowLabel:
                guard filters.isEmpty else {
                    throw SyntaxError(offset: start, message: "a label is text and has no format")
                }
            case .value, .rowValue: break
            }
            return .insert(subject, filters)
        }

        private func subject(
            _ text: String, _ action: String, at start: Int, insideRows: Bool
        ) throws(SyntaxError) -> Subject {
            if text == "$value" { return .value }
            if text.hasPrefix("$labels."), let name = Self.name(text.dropFirst(8)) { return .label(name) }
            if insideRows, text == ".Value" { return .rowValue }
            if insideRows, text.hasPrefix(".Labels."), let name = Self.name(text.dropFirst(8)) {
                return .rowLabel(name)
            }
            throw SyntaxError(
                offset: start,
                message: "'{{ \(action) }}' is not part of the subset here ($labels.x, $value, range query, humanize…)")
        }

        private func filter(_ text: String, at start: Int) throws(SyntaxError) -> Filter {
            switch text {
            case "humanize": return .humanize
            case "humanizeDuration": return .humanizeDuration
            case "humanizePercentage": return .humanizePercentage
            default:
                if text.hasPrefix("printf "), let format = Self.quoted(String(text.dropFirst(7)).trimmed),
                    Humanize.accepts(format)
                {
                    return .printf(format)
                }
                throw SyntaxError(
                    offset: start,
                    message:
                        "'\(text)' is not known (humanize, humanizeDuration, humanizePercentage, printf \"%.1f\" are)")
            }
        }

        private static func name(_ text: Substring) -> String? {
            guard let first = text.first, first.isLetter || first == "_" else { return nil }
            return text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } ? String(text) : nil
        }

        private static func quoted(_ text: String) -> String? {
            guard text.count >= 2, let first = text.first, first == "\"" || first == "`", text.last == first else {
                return nil
            }
            let inner = String(text.dropFirst().dropLast())
            return first == "`" ? inner : inner.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
        }

        /// Cuts at the pipes outside quotes.
        private static func split(_ action: String) -> [String] {
            var pieces = [""]
            var quote: Character?
            for character in action {
                if quote == nil, character == "|" {
                    pieces.append("")
                    continue
                }
                if character == quote {
                    quote = nil
                } else if quote == nil, character == "\"" || character == "`" {
                    quote = character
                }
                pieces[pieces.count - 1].append(character)
            }
            return pieces.map(\.trimmed)
        }
    }
}

extension String {
    /// Without blanks at both ends.
    var trimmed: String {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
