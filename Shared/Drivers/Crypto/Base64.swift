/// Base 64 of RFC 4648, strict: one text for one value, nothing skipped.
public enum Base64 {
    /// With `+`, `/` and padding.
    public static func encode(_ bytes: [UInt8]) -> String { encode(bytes, standard, padded: true) }

    /// With `-` and `_`, without padding, as JOSE wants it.
    public static func encodeURL(_ bytes: [UInt8]) -> String { encode(bytes, url, padded: false) }

    /// The bytes of a padded text, or nil.
    public static func decode(_ text: String) -> [UInt8]? {
        var digits = Array(text.utf8)
        guard digits.count % 4 == 0 else { return nil }
        var padding = 0
        while padding < 2, digits.last == UInt8(ascii: "=") {
            digits.removeLast()
            padding += 1
        }
        return decode(digits, plus: UInt8(ascii: "+"), slash: UInt8(ascii: "/"))
    }

    /// The bytes of an unpadded text in the URL's alphabet, or nil.
    public static func decodeURL(_ text: String) -> [UInt8]? {
        decode(Array(text.utf8), plus: UInt8(ascii: "-"), slash: UInt8(ascii: "_"))
    }

    private static let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let standard = Array((common + "+/").utf8)
    private static let url = Array((common + "-_").utf8)

    private static func encode(_ bytes: [UInt8], _ alphabet: [UInt8], padded: Bool) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let group = (0..<3).map { index + $0 < bytes.count ? Int(bytes[index + $0]) : 0 }
            let bits = group[0] << 16 | group[1] << 8 | group[2]
            let digits = min(4, bytes.count - index + 1)
            for position in 0..<digits { out.append(alphabet[bits >> (18 - 6 * position) & 63]) }
            if padded { out.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 4 - digits)) }
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func decode(_ digits: [UInt8], plus: UInt8, slash: UInt8) -> [UInt8]? {
        guard digits.count % 4 != 1 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(digits.count * 3 / 4)
        var bits = 0
        var have = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case 65...90: value = digit - 65
            case 97...122: value = digit - 71
            case 48...57: value = digit + 4
            case plus: value = 62
            case slash: value = 63
            default: return nil
            }
            bits = (bits << 6 | Int(value)) & 0xffff
            have += 6
            if have >= 8 {
                have -= 8
                out.append(UInt8(bits >> have & 255))
            }
        }
        // What is left over must be zero, else two texts would stand for the same bytes.
        return bits & ((1 << have) - 1) == 0 ? out : nil
    }
}
