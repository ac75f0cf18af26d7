/// Durations as rule files write them: 30s, 5m, 1h30m, 1d.
enum PrometheusDuration {
    /// Microseconds; nil for what is no duration.
    static func parse(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        let units: [(String, Int64)] = [
            ("y", 31_536_000_000_000), ("w", 604_800_000_000), ("d", 86_400_000_000), ("h", 3_600_000_000),
            ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000),
        ]
        var rest = Substring(text)
        var total: Int64 = 0
        var least = -1
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let amount = Int64(digits), amount < 1_000_000_000 else { return nil }
            rest = rest.dropFirst(digits.count)
            let word = rest.prefix { $0.isLetter }
            guard let index = units.firstIndex(where: { $0.0 == word }), index > least else { return nil }
            least = index
            rest = rest.dropFirst(word.count)
            let (product, overflow) = amount.multipliedReportingOverflow(by: units[index].1)
            guard !overflow, total < Int64.max / 2, product < Int64.max / 2 else { return nil }
            total += product
        }
        return text.isEmpty ? nil : total
    }
}
