/// One line in the making.
struct LogLine {
    /// A longer text is cut, so that nothing a server sends us floods the log.
    static let longestValue = 4_096

    private var text = ""
    private let format: LogFormat
    private let secrets: [String]

    init(
        format: LogFormat, secrets: [String], time: Int64, level: LogLevel, service: String, message: String
    ) {
        self.format = format
        self.secrets = secrets
        text.reserveCapacity(256)
        switch format {
        case .text:
            text += "\(Timestamp.text(time)) \(level.name.uppercased()) \(service) "
            appendEscaped(masked(message))
        case .json:
            text += #"{"time":"\#(Timestamp.text(time))","level":"\#(level.name)","service":"#
            appendQuoted(service)
            text += #","message":"#
            appendQuoted(masked(message))
        }
    }

    mutating func append(_ key: LogKey, _ value: LogValue) {
        switch format {
        case .text: text += " \(key.name)="
        case .json:
            text += ","
            appendQuoted(key.name)
            text += ":"
        }
        switch value {
        case .integer(let number): text += String(number)
        case .boolean(let truth): text += truth ? "true" : "false"
        case .double(let number):
            // JSON has no infinity and no NaN.
            if format == .json && !number.isFinite { appendQuoted(String(number)) } else { text += String(number) }
        case .string(let string):
            let shown = cut(masked(string))
            if format == .json || LogLine.needsQuotes(shown) { appendQuoted(shown) } else { text += shown }
        }
    }

    consuming func finish() -> String { format == .json ? text + "}" : text }

    private func masked(_ string: String) -> String {
        var result = string
        for secret in secrets where result.contains(secret) {
            result = result.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
        return result
    }

    private func cut(_ string: String) -> String {
        guard string.utf8.count > LogLine.longestValue else { return string }
        return String(decoding: string.utf8.prefix(LogLine.longestValue), as: UTF8.self)
            + "… (\(string.utf8.count) bytes)"
    }

    private static func needsQuotes(_ string: String) -> Bool {
        string.isEmpty
            || string.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") || $0 == 0x7F }
    }

    private mutating func appendQuoted(_ string: String) {
        text += "\""
        appendEscaped(string, quotes: true)
        text += "\""
    }

    /// A line feed or another control character in a value would forge a line: both formats escape them as JSON does.
    private mutating func appendEscaped(_ string: String, quotes: Bool = false) {
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"" where quotes: text += "\\\""
            case "\\" where quotes: text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _
            where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
