/// Writes JSON by appending: objects and arrays of texts and numbers.
struct JSONText {
    private(set) var text = ""
    private var needsComma = false

    mutating func beginObject() { open("{") }
    mutating func endObject() { close("}") }
    mutating func beginArray() { open("[") }
    mutating func endArray() { close("]") }

    mutating func key(_ name: String) {
        separate()
        quote(name)
        text += ":"
        needsComma = false
    }

    mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    mutating func number(_ value: Int64) {
        separate()
        text += "\(value)"
    }

    /// JSON has no infinities and no NaN: they are written as texts.
    mutating func number(_ value: Double) {
        separate()
        if value.isFinite { text += "\(value)" } else { quote("\(value)") }
    }

    private mutating func open(_ mark: String) {
        separate()
        text += mark
        needsComma = false
    }

    private mutating func close(_ mark: String) {
        text += mark
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { text += "," }
        needsComma = true
    }

    private mutating func quote(_ value: String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\u{0}"..."\u{1F}":
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
