/// Finds the string literals of a Swift source: enough of the grammar for comments, escapes, interpolation, `#` and `"""`.
struct StringLiterals {
    /// The text of each, with a `?` where something is interpolated, and the line on which it begins.
    private(set) var found: [(text: String, line: Int)] = []
    private let bytes: [UInt8]
    private var place = 0
    private var line = 1

    init(_ source: String) {
        bytes = Array(source.utf8)
        scan(until: nil)
    }

    private func at(_ text: String, _ offset: Int = 0) -> Bool {
        let start = place + offset
        guard start < bytes.count, bytes[start] == text.utf8.first else { return false }
        return start + text.utf8.count <= bytes.count
            && bytes[start..<(start + text.utf8.count)].elementsEqual(text.utf8)
    }

    private mutating func step(_ count: Int = 1) {
        for _ in 0..<count where place < bytes.count {
            if bytes[place] == UInt8(ascii: "\n") { line += 1 }
            place += 1
        }
    }

    /// Code up to the parenthesis that ends an interpolation, or to the end of the file.
    private mutating func scan(until end: UInt8?) {
        var depth = 0
        while place < bytes.count {
            if at("//") {
                while place < bytes.count, !at("\n") { step() }
            } else if at("/*") {
                comment()
            } else if let hashes = opening() {
                literal(hashes)
            } else {
                if end != nil {
                    if at("(") { depth += 1 }
                    if at(")") {
                        if depth == 0 { step(); return }
                        depth -= 1
                    }
                }
                step()
            }
        }
    }

    private mutating func comment() {
        var depth = 0
        repeat {
            if at("/*") { depth += 1; step(2) } else if at("*/") { depth -= 1; step(2) } else { step() }
        } while depth > 0 && place < bytes.count
    }

    /// How many hashes stand before the quotation mark that begins here, if one does.
    private func opening() -> Int? {
        var hashes = 0
        while at("#", hashes) { hashes += 1 }
        return at("\"", hashes) ? hashes : nil
    }

    private mutating func literal(_ hashes: Int) {
        let start = line
        let mark = String(repeating: "#", count: hashes)
        step(hashes)
        let quote = at("\"\"\"") ? "\"\"\"" : "\""
        step(quote.utf8.count)
        var text: [UInt8] = []
        while place < bytes.count, !at(quote + mark) {
            if at("\\" + mark + "(") {
                step(2 + hashes)
                scan(until: UInt8(ascii: ")"))
                text.append(UInt8(ascii: "?"))
            } else if at("\\" + mark) {
                step(1 + hashes)
                text.append(
                    place < bytes.count && at("n") ? UInt8(ascii: "\n") : place < bytes.count ? bytes[place] : 0)
                step()
            } else {
                text.append(bytes[place])
                step()
            }
        }
        step(quote.utf8.count + hashes)
        found.append((String(decoding: text, as: UTF8.self), start))
    }
}
