/// Prometheus' text format.
enum MetricText {
    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    /// `name="value",…` by name, the values escaped; empty without labels.
    static func labels(_ labels: KeyValuePairs<String, String>) -> String {
        labels.sorted { $0.key < $1.key }.map { key, value in
            precondition(isName(key), "\(key) is not a label name.")
            return "\(key)=\"\(escaped(value, quotes: true))\""
        }.joined(separator: ",")
    }

    static func help(_ text: String) -> String { escaped(text, quotes: false) }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }

    static func line(_ name: String, _ labels: String, _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    static func lines(_ name: String, _ labels: String, _ histogram: Histogram) -> String {
        let state = histogram.snapshot()
        let prefix = labels.isEmpty ? "" : labels + ","
        var text = ""
        var running = 0
        for (index, count) in state.counts.enumerated() {
            running += count
            let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
            text += line(name + "_bucket", "\(prefix)le=\"\(bound)\"", String(running))
        }
        return text + line(name + "_sum", labels, number(state.sum)) + line(name + "_count", labels, String(running))
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
