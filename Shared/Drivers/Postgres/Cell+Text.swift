extension Cell {
    /// The text form, near enough to what `psql` shows; nil for types whose binary form we do not know.
    func text() -> String? {
        switch type {
        case TypeOID.text, TypeOID.varchar, TypeOID.bpchar, TypeOID.name, TypeOID.json, TypeOID.unknown, TypeOID.char:
            return String(decoding: bytes, as: UTF8.self)
        case TypeOID.jsonb:
            guard load(UInt8.self, at: 0) == 1 else { return nil }
            return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[1...]), as: UTF8.self)
        case TypeOID.bool: return bool().map { $0 ? "true" : "false" }
        case TypeOID.float4: return load(UInt32.self).map { "\(Float(bitPattern: $0))" }
        case TypeOID.float8: return double().map { "\($0)" }
        case TypeOID.numeric: return Numeric(bytes)?.text
        case TypeOID.lsn:
            guard let value = load(UInt64.self) else { return nil }
            return (String(value >> 32, radix: 16) + "/" + String(value & 0xFFFF_FFFF, radix: 16)).uppercased()
        case TypeOID.xid8: return load(UInt64.self).map { "\($0)" }
        case TypeOID.timestamptz: return timestamp().map { Self.iso($0) + "Z" }
        case TypeOID.timestamp: return timestamp().map(Self.iso)
        case TypeOID.date: return timestamp().map { String(Self.iso($0).prefix(10)) }
        case TypeOID.inet, TypeOID.cidr: return network()
        case TypeOID.uuid: return uuid()
        case TypeOID.void: return ""
        case TypeOID.firstUser...: return String(validating: bytes, as: UTF8.self)
        default: return int().map { "\($0)" }
        }
    }

    private func uuid() -> String? {
        guard bytes.count == 16 else { return nil }
        var result = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { result += "-" }
            result += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return result
    }

    /// Family, mask bits, whether it is a cidr, length, address.
    private func network() -> String? {
        guard bytes.count >= 4, bytes.count == 4 + Int(bytes[3]) else { return nil }
        let bits = Int(bytes[1])
        let address: String
        switch bytes[3] {
        case 4: address = bytes[4...].map { "\($0)" }.joined(separator: ".")
        case 16: address = Self.ipv6(Array(bytes[4...]))
        default: return nil
        }
        let isWhole = bits == Int(bytes[3]) * 8
        return isWhole && bytes[2] == 0 ? address : "\(address)/\(bits)"
    }

    /// RFC 5952: the longest run of two or more zero groups becomes "::".
    private static func ipv6(_ bytes: [UInt8]) -> String {
        let groups = (0..<8).map { Int(bytes[$0 * 2]) << 8 | Int(bytes[$0 * 2 + 1]) }
        var best = (start: 0, length: 0)
        var start = 0
        while start < 8 {
            var end = start
            while end < 8 && groups[end] == 0 { end += 1 }
            if end - start > best.length { best = (start, end - start) }
            start = end + 1
        }
        func hex(_ part: ArraySlice<Int>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard best.length > 1 else { return hex(groups[...]) }
        return hex(groups[..<best.start]) + "::" + hex(groups[(best.start + best.length)...])
    }

    /// `2026-11-21T11:02:03.000004` of microseconds since 1970.
    static func iso(_ microseconds: Int64) -> String {
        if microseconds == .max { return "infinity" }
        if microseconds == .min { return "-infinity" }
        let day = microseconds.floorDivided(by: 86_400_000_000)
        let inDay = microseconds - day * 86_400_000_000
        // Days to a civil date, counting eras of 400 years that begin on March 1 (Howard Hinnant's method).
        let shifted = day + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let seconds = inDay / 1_000_000
        let fraction = inDay % 1_000_000
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
        text += "T\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        if fraction != 0 { text += ".\(padded(fraction, 6))" }
        return text
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = "\(value)"
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
