/// A word of an expression, with the offset of its first character.
struct Token: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case identifier(String)
        case number(Double)
        /// 5m: no part of the subset, and named when it is refused.
        case duration(String)
        case string(String)
        case symbol(String)
        case end
    }
    let kind: Kind
    let offset: Int
}

extension Token.Kind: CustomStringConvertible {
    var description: String {
        switch self {
        case .identifier(let name): "'\(name)'"
        case .number(let value): "\(value)"
        case .duration(let text): "the duration \(text) (give seconds as a number)"
        case .string(let text): "\"\(text)\""
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end of the expression"
        }
    }
}

/// Cuts an expression into tokens.
struct Lexer {
    private let characters: [Character]
    private var offset = 0

    init(_ text: String) {
        characters = Array(text)
    }

    static func tokens(_ text: String) throws(SyntaxError) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private static let two: Set<String> = ["==", "!=", ">=", "<=", "=~", "!~"]
    private static let one: Set<Character> = [
        "(", ")", "{", "}", "[", "]", ",", "=", "<", ">", "+", "-", "*", "/", "%", "^", "@", ":",
    ]

    private mutating func next() throws(SyntaxError) -> Token {
        skipBlanks()
        let start = offset
        guard offset < characters.count else { return Token(kind: .end, offset: start) }
        let character = characters[offset]
        if character.isLetter || character == "_" {
            return Token(
                kind: .identifier(take { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }), offset: start)
        }
        if character.isNumber || character == "." { return Token(kind: try number(), offset: start) }
        if character == "\"" || character == "'" || character == "`" {
            return Token(kind: .string(try string(character)), offset: start)
        }
        if offset + 1 < characters.count {
            let pair = String(characters[offset...offset + 1])
            if Self.two.contains(pair) {
                offset += 2
                return Token(kind: .symbol(pair), offset: start)
            }
        }
        guard Self.one.contains(character) else {
            throw SyntaxError(offset: start, message: "'\(character)' has no meaning here")
        }
        offset += 1
        return Token(kind: .symbol(String(character)), offset: start)
    }

    private mutating func skipBlanks() {
        while offset < characters.count {
            if characters[offset].isWhitespace {
                offset += 1
            } else if characters[offset] == "#" {
                while offset < characters.count, !characters[offset].isNewline { offset += 1 }
            } else {
                return
            }
        }
    }

    private mutating func take(_ belongs: (Character) -> Bool) -> String {
        let start = offset
        while offset < characters.count, belongs(characters[offset]) { offset += 1 }
        return String(characters[start..<offset])
    }

    private mutating func number() throws(SyntaxError) -> Token.Kind {
        let start = offset
        var text = take { $0.isHexDigit || $0 == "." || $0 == "x" || $0 == "X" }
        if let last = text.last, last == "e" || last == "E", !text.lowercased().hasPrefix("0x"),
            offset < characters.count, characters[offset] == "+" || characters[offset] == "-"
        {
            text.append(characters[offset])
            offset += 1
            text += take { $0.isNumber }
        }
        if offset < characters.count, characters[offset].isLetter {
            return .duration(text + take { $0.isLetter || $0.isNumber })
        }
        let value =
            text.lowercased().hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16).map(Double.init) : Double(text)
        guard let value else { throw SyntaxError(offset: start, message: "'\(text)' is not a number") }
        return .number(value)
    }

    private mutating func string(_ quote: Character) throws(SyntaxError) -> String {
        let start = offset
        offset += 1
        var text = ""
        while offset < characters.count {
            let character = characters[offset]
            offset += 1
            if character == quote { return text }
            guard character == "\\", quote != "`" else {
                text.append(character)
                continue
            }
            guard offset < characters.count else { break }
            let escaped = characters[offset]
            offset += 1
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "\\", "\"", "'": text.append(escaped)
            default:
                throw SyntaxError(
                    offset: offset - 2,
                    message: "unknown escape '\\\(escaped)' (a backslash of a pattern is written \\\\)")
            }
        }
        throw SyntaxError(offset: start, message: "the string is not closed")
    }
}
