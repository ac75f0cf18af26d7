/// A setting's value, of its type.
enum SettingValue: Sendable, Hashable {
    case string(String)
    case integer(Int)
    case double(Double)
    case boolean(Bool)
    case duration(Duration)
    case list([String])

    /// Reads a value; the text of the error says what was wanted instead.
    static func parse(_ text: String, _ setting: Setting) throws(Wanted) -> SettingValue {
        switch setting.type {
        case .string:
            if !setting.choices.isEmpty && !setting.choices.contains(text) {
                throw Wanted("one of \(setting.choices.joined(separator: ", "))")
            }
            return .string(text)
        case .integer:
            guard let number = Int(text) else { throw Wanted("an integer, as in \(setting.range?.upperBound ?? 10)") }
            return .integer(try inRange(number, setting))
        case .double:
            guard let number = Double(text), number.isFinite else { throw Wanted("a number, as in 0.5") }
            return .double(number)
        case .boolean:
            switch text {
            case "true", "1", "yes", "on": return .boolean(true)
            case "false", "0", "no", "off": return .boolean(false)
            default: throw Wanted("true or false")
            }
        case .duration:
            guard let duration = duration(text) else {
                throw Wanted("a duration with its unit, as in 250ms, 10s, 5m, 24h or 3d")
            }
            return .duration(duration)
        case .bytes:
            guard let number = bytes(text) else {
                throw Wanted("a number of bytes with its unit, as in 64KiB or 16MiB")
            }
            return .integer(try inRange(number, setting))
        case .list:
            let parts = text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
            return .list(try allowed(parts, setting))
        }
    }

    static func allowed(_ parts: [String], _ setting: Setting) throws(Wanted) -> [String] {
        if !setting.choices.isEmpty, !parts.allSatisfy({ setting.choices.contains($0) }) {
            throw Wanted("a list of some of \(setting.choices.joined(separator: ", "))")
        }
        return parts
    }

    /// What a value should have been.
    struct Wanted: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private static func inRange(_ number: Int, _ setting: Setting) throws(Wanted) -> Int {
        if let range = setting.range, !range.contains(number) {
            throw Wanted("an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private static func duration(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var total = Duration.zero
        guard let parts = amounts(text) else { return nil }
        for (number, unit) in parts {
            // Beyond a century it is a mistake, and near 2^63 it would overflow.
            let seconds: Double
            switch unit {
            case "us", "µs": seconds = number / 1_000_000
            case "ms": seconds = number / 1_000
            case "s": seconds = number
            case "m", "min": seconds = number * 60
            case "h": seconds = number * 3_600
            case "d": seconds = number * 86_400
            default: return nil
            }
            guard seconds <= 36_525 * 86_400 else { return nil }
            // Whole microseconds: 0.1 has no exact double, and 100ms should equal .milliseconds(100).
            total += .microseconds(Int64((seconds * 1_000_000).rounded()))
        }
        return total
    }

    private static func bytes(_ text: String) -> Int? {
        if let plain = Int(text) { return plain >= 0 ? plain : nil }
        guard let parts = amounts(text), parts.count == 1 else { return nil }
        let factor: Double
        switch parts[0].unit {
        case "B": factor = 1
        case "KiB": factor = 1_024
        case "MiB": factor = 1_048_576
        case "GiB": factor = 1_073_741_824
        case "TiB": factor = 1_099_511_627_776
        case "kB", "KB": factor = 1_000
        case "MB": factor = 1_000_000
        case "GB": factor = 1_000_000_000
        default: return nil
        }
        return Int(exactly: (parts[0].number * factor).rounded())
    }

    /// `1h30m` as [(1, h), (30, m)].
    private static func amounts(_ text: String) -> [(number: Double, unit: String)]? {
        var parts: [(Double, String)] = []
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count).drop { $0 == " " }
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count).drop { $0 == " " }
            guard let number = Double(digits), !unit.isEmpty else { return nil }
            parts.append((number, String(unit)))
        }
        return parts.isEmpty ? nil : parts
    }
}
