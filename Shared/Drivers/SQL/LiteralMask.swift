/// Masks the literals of a text by PostgreSQL's lexical rules alone, without a grammar, so that it works on anything.
///
/// In doubt it masks more: a string whose end depends on `standard_conforming_strings` swallows the rest of the text. The
/// value of a parameter may be a bare word or stand in double quotes, so behind `SET name =` and `SET name TO` everything is
/// masked up to the end of the statement.
struct LiteralMask {
    /// What stands in a string's place.
    var string: String
    /// What stands in a number's place; `nil` leaves numbers as they are.
    var number: String?
    /// Whether `"…"` is masked as well: in a text that could not be parsed it need not be an identifier.
    var quotedIdentifiers: Bool

    func mask(_ text: String) -> String {
        var scanner = Scanner(bytes: Array(text.utf8), mask: self)
        scanner.run()
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private struct Scanner {
        let bytes: [UInt8]
        let mask: LiteralMask
        var output: [UInt8] = []
        var at = 0
        var setting = Setting.start

        /// How far a statement is that may set a parameter.
        enum Setting {
            /// Before its first word.
            case start
            /// Behind ALTER or CREATE.
            case object
            /// Behind what may have parameters; the next SET sets one.
            case owner
            /// Behind SET: a value follows = or TO.
            case name
            case none
        }

        init(bytes: [UInt8], mask: LiteralMask) {
            self.bytes = bytes
            self.mask = mask
            output.reserveCapacity(bytes.count)
        }

        func peek(_ ahead: Int = 0) -> UInt8? { at + ahead < bytes.count ? bytes[at + ahead] : nil }

        mutating func copy() {
            output.append(bytes[at])
            at += 1
        }

        mutating func run() {
            while let byte = peek() {
                step(byte)
                if byte == UInt8(ascii: "="), setting == .name { value() }
            }
        }

        mutating func step(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "'"): string(escapes: false)
            case UInt8(ascii: "\""): identifierInQuotes()
            case UInt8(ascii: "$"): dollar()
            case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"): lineComment()
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): blockComment()
            case UInt8(ascii: ";"):
                setting = .start
                copy()
            case _ where byte.isDigit: number()
            case UInt8(ascii: ".") where peek(1)?.isDigit == true: number()
            case _ where byte.startsWord: word()
            default: copy()
            }
        }

        /// The value of a parameter: the rest of the statement.
        mutating func value() {
            setting = .none
            let start = output.count
            while let byte = peek(), byte != UInt8(ascii: ";") { step(byte) }
            output.removeSubrange(start...)
            output.append(UInt8(ascii: " "))
            output.append(contentsOf: mask.string.utf8)
        }

        /// Takes a word for what it says of the statement.
        mutating func note(_ word: ArraySlice<UInt8>) {
            guard setting != .none, word.count <= 9 else {
                if setting == .start || setting == .object { setting = .none }
                return
            }
            switch (setting, String(decoding: word.map { $0 | 0x20 }, as: UTF8.self)) {
            case (.start, "set"), (.owner, "set"): setting = .name
            case (.start, "alter"), (.start, "create"): setting = .object
            case (.object, "or"), (.object, "replace"): break
            case (.object, "role"), (.object, "user"), (.object, "group"), (.object, "database"), (.object, "system"),
                (.object, "function"), (.object, "procedure"), (.object, "routine"):
                setting = .owner
            case (.start, _), (.object, _): setting = .none
            case (.name, "to"): value()
            default: break
            }
        }

        /// An identifier or keyword, or the letter before a string: `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'`, `U&"…"`.
        mutating func word() {
            let start = at
            while let byte = peek(), byte.startsWord || byte.isDigit || byte == UInt8(ascii: "$") { at += 1 }
            if at - start == 1 {
                let letter = bytes[start] | 0x20
                if peek() == UInt8(ascii: "'"), "ebxn".utf8.contains(letter) {
                    return string(escapes: letter == UInt8(ascii: "e"))
                }
                if letter == UInt8(ascii: "u"), peek() == UInt8(ascii: "&") {
                    if peek(1) == UInt8(ascii: "'") {
                        at += 1
                        return string(escapes: false)
                    }
                    if peek(1) == UInt8(ascii: "\""), mask.quotedIdentifiers {
                        at += 1
                        return identifierInQuotes()
                    }
                }
            }
            output.append(contentsOf: bytes[start..<at])
            note(bytes[start..<at])
        }

        /// At the opening quote. Strings that continue on the next line belong to the first, and keep its escapes.
        mutating func string(escapes: Bool) {
            output.append(contentsOf: mask.string.utf8)
            at += 1
            while let byte = peek() {
                at += 1
                if escapes, byte == UInt8(ascii: "\\") {
                    at = min(at + 1, bytes.count)
                } else if byte == UInt8(ascii: "'") {
                    if peek() == UInt8(ascii: "'") {
                        at += 1
                    } else if !escapes, bytes[at - 2] == UInt8(ascii: "\\") {
                        // With standard_conforming_strings = off this quote would not end the string: nobody can tell
                        // where it ends, so nothing of the rest is shown.
                        at = bytes.count
                    } else if !continuesOnNextLine() {
                        return
                    }
                }
            }
        }

        /// Whether a closed string goes on behind white space with a line break in it; if so, steps over its quote.
        mutating func continuesOnNextLine() -> Bool {
            var ahead = at
            var newline = false
            while ahead < bytes.count, bytes[ahead].isSpace {
                newline = newline || bytes[ahead] == 10 || bytes[ahead] == 13
                ahead += 1
            }
            guard newline, ahead < bytes.count, bytes[ahead] == UInt8(ascii: "'") else { return false }
            at = ahead + 1
            return true
        }

        mutating func identifierInQuotes() {
            let start = at
            at += 1
            var closed = false
            while let byte = peek() {
                at += 1
                guard byte == UInt8(ascii: "\"") else { continue }
                if peek() == UInt8(ascii: "\"") {
                    at += 1
                } else {
                    closed = true
                    break
                }
            }
            if mask.quotedIdentifiers || !closed {
                output.append(contentsOf: "\"***\"".utf8)
            } else {
                output.append(contentsOf: bytes[start..<at])
            }
        }

        /// `$1` stays; `$tag$ … $tag$` is a string; any other `$` is copied.
        mutating func dollar() {
            if peek(1)?.isDigit == true {
                copy()
                while peek()?.isDigit == true { copy() }
                return
            }
            var end = at + 1
            while end < bytes.count, bytes[end].startsWord || bytes[end].isDigit { end += 1 }
            guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
                if end == bytes.count, end > at + 1 {
                    // Cut off in the middle of a tag: nothing of it is needed.
                    at = end
                    return output.append(contentsOf: mask.string.utf8)
                }
                return copy()
            }
            let tag = bytes[at...end]
            output.append(contentsOf: mask.string.utf8)
            at = end + 1
            while at < bytes.count {
                if bytes[at] == UInt8(ascii: "$"), at + tag.count <= bytes.count,
                    bytes[at..<(at + tag.count)].elementsEqual(tag)
                {
                    at += tag.count
                    return
                }
                at += 1
            }
        }

        /// Digits with whatever clings to them: `1.5e-3`, `0xff`, `1_000`, and junk such as `12ab`.
        mutating func number() {
            let start = at
            defer {
                if let mark = mask.number {
                    output.append(contentsOf: mark.utf8)
                } else {
                    output.append(contentsOf: bytes[start..<at])
                }
            }
            var decimal = true
            if peek() == UInt8(ascii: "0"), let next = peek(1), "xXoObB".utf8.contains(next) { decimal = false }
            while let byte = peek() {
                if byte == UInt8(ascii: "."), peek(1) == UInt8(ascii: ".") { return }
                if decimal, byte | 0x20 == UInt8(ascii: "e"), let sign = peek(1),
                    sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), peek(2)?.isDigit == true
                {
                    at += 2
                } else if byte.isDigit || byte.startsWord || byte == UInt8(ascii: ".") {
                    at += 1
                } else {
                    return
                }
            }
        }

        mutating func lineComment() {
            while let byte = peek(), byte != 10, byte != 13 { at += 1 }
        }

        /// Block comments nest. One that is not closed takes the rest with it.
        mutating func blockComment() {
            var depth = 0
            repeat {
                if peek() == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                    depth += 1
                    at += 2
                } else if peek() == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                    depth -= 1
                    at += 2
                } else {
                    at += 1
                }
            } while depth > 0 && at < bytes.count
            output.append(UInt8(ascii: " "))
        }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    fileprivate var startsWord: Bool {
        (self | 0x20 >= 0x61 && self | 0x20 <= 0x7a) || self == UInt8(ascii: "_") || self >= 0x80
    }
    fileprivate var isSpace: Bool { self == 32 || (self >= 9 && self <= 13) }
}
