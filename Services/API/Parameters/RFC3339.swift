/// Points in time as text: RFC 3339 in, and out in UTC. In between they are microseconds since 1970.
enum RFC3339 {
    /// Seconds from 1970 to the year 10000, which RFC 3339 cannot write.
    private static let range: Range<Int64> = 0..<253_402_300_800

    /// `2026-11-21T10:00:00.25Z`, with as many digits of the fraction as there are.
    static func text(_ microseconds: Int64) -> String {
        let seconds = floorDivide(microseconds, 1_000_000)
        let (year, month, day) = civil(floorDivide(seconds, 86_400))
        let ofDay = seconds - floorDivide(seconds, 86_400) * 86_400
        var text =
            padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(ofDay / 3600, 2) + ":"
            + padded(ofDay / 60 % 60, 2) + ":" + padded(ofDay % 60, 2)
        var fraction = padded(floorRemainder(microseconds, 1_000_000), 6)
        while fraction.last == "0" { fraction.removeLast() }
        if !fraction.isEmpty { text += "." + fraction }
        return text + "Z"
    }

    /// Unix time in seconds as JSON writes a number, exact to the microsecond.
    static func seconds(_ microseconds: Int64) -> String {
        let whole = floorDivide(microseconds, 1_000_000)
        var fraction = padded(floorRemainder(microseconds, 1_000_000), 6)
        while fraction.last == "0" { fraction.removeLast() }
        guard whole >= 0 else { return String(Double(microseconds) / 1e6) }
        return fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
    }

    /// An RFC 3339 time, or Unix time in seconds with up to six digits after the point; nil when it is neither.
    static func parse(_ text: String) -> Int64? {
        var reader = Reader(bytes: Array(text.utf8))
        return text.utf8.contains(UInt8(ascii: "T")) || text.utf8.contains(UInt8(ascii: "t"))
            ? reader.timestamp() : reader.unix()
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a / b - (a % b < 0 ? 1 : 0) }
    private static func floorRemainder(_ a: Int64, _ b: Int64) -> Int64 { a % b + (a % b < 0 ? b : 0) }

    /// Year, month and day of a day since 1970, in the proleptic Gregorian calendar; years begin in March inside.
    private static func civil(_ day: Int64) -> (Int64, Int64, Int64) {
        let shifted = day + 719_468
        let era = floorDivide(shifted, 146_097)
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * ofYear + 2) / 153
        let realMonth = month < 10 ? month + 3 : month - 9
        return (yearOfEra + era * 400 + (realMonth <= 2 ? 1 : 0), realMonth, ofYear - (153 * month + 2) / 5 + 1)
    }

    fileprivate static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear - 719_468
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }
        private var isAtEnd: Bool { position == bytes.count }

        private mutating func take(_ options: StaticString) -> UInt8? {
            guard let byte = next else { return nil }
            for index in 0..<options.utf8CodeUnitCount where options.utf8Start[index] == byte {
                position += 1
                return byte
            }
            return nil
        }

        private mutating func number(_ digits: Int) -> Int64? {
            guard bytes.count - position >= digits else { return nil }
            var value: Int64 = 0
            for byte in bytes[position..<position + digits] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            position += digits
            return value
        }

        private mutating func fraction() -> Int64? {
            guard take(".") != nil else { return 0 }
            var value: Int64 = 0
            var digits = 0
            while let byte = next, (48...57).contains(byte) {
                if digits < 6 { value = value * 10 + Int64(byte - 48) }
                digits += 1
                position += 1
            }
            guard digits > 0 else { return nil }
            for _ in min(digits, 6)..<6 { value *= 10 }
            return value
        }

        mutating func timestamp() -> Int64? {
            guard let year = number(4), take("-") != nil, let month = number(2), take("-") != nil, let day = number(2),
                take("Tt") != nil, let hour = number(2), take(":") != nil, let minute = number(2), take(":") != nil,
                let second = number(2), let micros = fraction(), let zone = offset(), isAtEnd
            else { return nil }
            guard (1970...9999).contains(year), (1...12).contains(month), day >= 1, hour < 24, minute < 60, second <= 60
            else { return nil }
            let monthLength = month == 12 ? 31 : RFC3339.days(year, month + 1, 1) - RFC3339.days(year, month, 1)
            guard day <= monthLength else { return nil }
            let seconds = RFC3339.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone
            guard RFC3339.range.contains(seconds) else { return nil }
            return seconds * 1_000_000 + micros
        }

        /// `+` arrives as a blank from clients that do not escape it.
        private mutating func offset() -> Int64? {
            if take("Zz") != nil { return 0 }
            guard let sign = take("+- "), let hours = number(2), take(":") != nil, let minutes = number(2), hours < 24,
                minutes < 60
            else { return nil }
            return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
        }

        mutating func unix() -> Int64? {
            let start = position
            while let byte = next, (48...57).contains(byte) { position += 1 }
            guard position > start, position - start <= 12,
                let whole = Int64(String(decoding: bytes[start..<position], as: UTF8.self)), let micros = fraction(),
                isAtEnd, RFC3339.range.contains(whole)
            else { return nil }
            return whole * 1_000_000 + micros
        }
    }
}
