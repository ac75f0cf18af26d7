/// The Castagnoli checksum, eight bytes a step from eight tables.
enum CRC32C {
    private static let tables: [[UInt32]] = {
        var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 8)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0x82f6_3b78 : value >> 1 }
            tables[0][index] = value
        }
        for index in 0..<256 {
            for table in 1..<8 {
                let previous = tables[table - 1][index]
                tables[table][index] = tables[0][Int(previous & 0xff)] ^ (previous >> 8)
            }
        }
        return tables
    }()
    private static let flat: [UInt32] = tables.flatMap { $0 }

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let result = bytes.withContiguousStorageIfAvailable { checksum(of: $0) }
        return result ?? Array(bytes).withUnsafeBufferPointer { checksum(of: $0) }
    }

    private static func checksum(of bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        flat.withUnsafeBufferPointer { table in
            var value: UInt32 = 0xffff_ffff
            var at = 0
            while at + 8 <= bytes.count {
                let low =
                    value
                    ^ (UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
                        | UInt32(bytes[at + 3]) << 24)
                let first = table[7 * 256 + Int(low & 0xff)] ^ table[6 * 256 + Int(low >> 8 & 0xff)]
                let second = table[5 * 256 + Int(low >> 16 & 0xff)] ^ table[4 * 256 + Int(low >> 24)]
                let third = table[3 * 256 + Int(bytes[at + 4])] ^ table[2 * 256 + Int(bytes[at + 5])]
                let fourth = table[256 + Int(bytes[at + 6])] ^ table[Int(bytes[at + 7])]
                value = first ^ second ^ third ^ fourth
                at += 8
            }
            while at < bytes.count {
                value = table[Int((value ^ UInt32(bytes[at])) & 0xff)] ^ (value >> 8)
                at += 1
            }
            return value ^ 0xffff_ffff
        }
    }
}
