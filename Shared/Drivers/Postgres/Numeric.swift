import Glibc

/// PostgreSQL's `numeric` in binary: groups of four decimal digits, the first worth 10000^weight.
struct Numeric {
    private enum Sign: UInt16 {
        case positive = 0x0000
        case negative = 0x4000
        case notANumber = 0xC000
        case infinity = 0xD000
        case minusInfinity = 0xF000
    }

    private let bytes: UnsafeRawBufferPointer
    private let count: Int
    private let weight: Int
    private let sign: Sign
    private let scale: Int

    /// Nil when the bytes are not a numeric.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let cell = Cell(type: 0, bytes: bytes)
        guard let count = cell.load(Int16.self, at: 0), let weight = cell.load(Int16.self, at: 2),
            let code = cell.load(UInt16.self, at: 4), let scale = cell.load(Int16.self, at: 6),
            let sign = Sign(rawValue: code), count >= 0, scale >= 0, bytes.count == 8 + Int(count) * 2
        else { return nil }
        self.bytes = bytes
        self.count = Int(count)
        self.weight = Int(weight)
        self.sign = sign
        self.scale = Int(scale)
    }

    private func group(_ index: Int) -> UInt16 {
        guard index >= 0 && index < count else { return 0 }
        return UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 + index * 2, as: UInt16.self))
    }

    /// Nil when there is a fraction, when it is not finite or does not fit.
    var int64: Int64? {
        guard sign == .positive || sign == .negative else { return nil }
        // The groups after the one worth 10000^0 are the fraction.
        var index = max(0, weight + 1)
        while index < count {
            if group(index) != 0 { return nil }
            index += 1
        }
        guard weight <= 4 else { return nil }
        var value: Int64 = 0
        for index in 0..<max(0, weight + 1) {
            let (scaled, tooLarge) = value.multipliedReportingOverflow(by: 10_000)
            let digits = Int64(group(index))
            let (sum, overflow) = scaled.subtractingReportingOverflow(digits)
            if tooLarge || overflow { return nil }
            value = sum  // counted downwards, for the smallest Int64 has no positive counterpart
        }
        if sign == .negative { return value }
        return value == .min ? nil : -value
    }

    /// The nearest double.
    var double: Double? {
        switch sign {
        case .notANumber: return .nan
        case .infinity: return .infinity
        case .minusInfinity: return -.infinity
        case .positive, .negative: break
        }
        // Up to 2^53 the digits are exact as a whole number, and one division by an exact power of ten rounds once.
        var whole: UInt64 = 0
        var exact = count <= 4
        for index in 0..<(exact ? count : 0) { whole = whole * 10_000 + UInt64(group(index)) }
        let fractionGroups = count - 1 - weight
        exact = exact && whole < 1 << 53 && (0...4).contains(fractionGroups)
        if exact {
            var power = 1.0
            for _ in 0..<fractionGroups { power *= 10_000 }
            let magnitude = Double(whole) / power
            return sign == .negative ? -magnitude : magnitude
        }
        return strtod(text, nil)
    }

    /// The decimal form.
    var text: String {
        switch sign {
        case .notANumber: return "NaN"
        case .infinity: return "Infinity"
        case .minusInfinity: return "-Infinity"
        case .positive, .negative: break
        }
        var result = sign == .negative ? "-" : ""
        if weight < 0 {
            result += "0"
        } else {
            for index in 0...weight { result += index == 0 ? "\(group(0))" : Self.four(group(index)) }
        }
        guard scale > 0 else { return result }
        var fraction = ""
        var index = weight + 1
        while fraction.utf8.count < scale {
            fraction += Self.four(group(index))
            index += 1
        }
        return result + "." + fraction.prefix(scale)
    }

    private static func four(_ group: UInt16) -> String {
        let digits = "\(group)"
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
