/// Integers of few significant bits as small numbers: floating-point codes without a sign, with gradual underflow.
///
/// With h = 2^(bits − 1), a code below h is the integer itself, and the code e × h + m of e ≥ 1 and m < h is (h + m) × 2^(e − 1): IEEE
/// 754's subnormal and normal numbers, in the order of their size.
enum Minifloat {
    /// As many significant bits as an encoder looks for: what ``Deviation`` leaves.
    static let bits = 7

    /// The codes of integers of which none has more than ``bits`` significant bits or is negative; nil when one has, or is.
    static func codes(_ values: [Int64]) -> [Int64]? {
        let half: Int64 = 1 << (bits - 1)
        var codes: [Int64] = []
        codes.reserveCapacity(values.count)
        for value in values {
            guard value >= 0 else { return nil }
            let shift = Int64(max(0, 64 - value.leadingZeroBitCount - bits))
            let significand = value &>> shift
            guard significand &<< shift == value else { return nil }
            codes.append(shift * half + significand)
        }
        return codes
    }

    /// The integers of codes with so many significant bits; nil when one is beyond 63 bits.
    static func values(_ codes: [Int64], bits: Int) -> [Int64]? {
        guard (1...63).contains(bits) else { return nil }
        let half: Int64 = 1 << Int64(bits - 1)
        var values: [Int64] = []
        values.reserveCapacity(codes.count)
        for code in codes {
            guard code >= half else {
                guard code >= 0 else { return nil }
                values.append(code)
                continue
            }
            let shift = code &>> Int64(bits - 1) - 1
            guard shift <= 63 - Int64(bits) else { return nil }
            values.append((half + code & (half - 1)) &<< shift)
        }
        return values
    }
}
