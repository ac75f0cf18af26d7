/// Texts that all are 16 lower-case hexadecimal digits, as fingerprints are, travel as the numbers that they spell.
enum Hexadecimal {
    /// The number of each row, 0 for a null; nil when some text is not of that form.
    static func numbers(_ dictionary: [String], _ indexes: [UInt32], _ nulls: Bitmap?) -> [UInt64]? {
        // Where most rows repeat a text or have none, the dictionary is the shorter form.
        guard let first = dictionary.first, first.utf8.count == 16, dictionary.count * 2 > indexes.count else {
            return nil
        }
        var parsed: [UInt64] = []
        parsed.reserveCapacity(dictionary.count)
        for text in dictionary {
            guard let number = number(text) else { return nil }
            parsed.append(number)
        }
        guard let nulls else { return indexes.map { parsed[Int($0)] } }
        return indexes.indices.map { nulls[$0] ? 0 : parsed[Int(indexes[$0])] }
    }

    /// A dictionary of the texts, and the place of each row in it.
    static func values(_ numbers: [UInt64]) -> Values {
        var dictionary: [String] = []
        var places: [UInt64: UInt32] = [:]
        places.reserveCapacity(min(numbers.count, 4_096))
        let indexes = numbers.map { number in
            if let place = places[number] { return place }
            let place = UInt32(dictionary.count)
            places[number] = place
            dictionary.append(text(number))
            return place
        }
        return .strings(dictionary: dictionary, indexes: indexes)
    }

    private static func number(_ text: String) -> UInt64? {
        var number: UInt64 = 0
        var count = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
            count += 1
        }
        return count == 16 ? number : nil
    }

    private static func text(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            for place in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * place)) & 0xF
                buffer[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            return 16
        }
    }
}
