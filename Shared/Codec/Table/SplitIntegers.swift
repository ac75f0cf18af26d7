/// Large integers as they compress best: the lowest byte of every row, then the next byte of every row, and so on.
///
/// This is the layout of Parquet's encoding BYTE_STREAM_SPLIT. Low bytes are noise and take what they take; high bytes are much alike
/// and lie side by side, while a varint spends one bit of every byte on its length and mixes the two.
enum SplitIntegers {
    /// The bytes of integers of which none is negative.
    static func bytes(_ values: [Int64]) -> [UInt8] {
        let rows = values.count
        let width = (71 - (values.reduce(0, |) | 1).leadingZeroBitCount) / 8
        return [UInt8](unsafeUninitializedCapacity: rows * width) { target, count in
            values.withUnsafeBufferPointer { source in
                for place in 0..<width {
                    let shift = Int64(8 * place)
                    let stream = target.baseAddress! + place * rows
                    for row in 0..<rows { stream[row] = UInt8(truncatingIfNeeded: source[row] &>> shift) }
                }
            }
            count = rows * width
        }
    }

    /// The integers of so many rows; nil when the bytes are not one to eight for each.
    static func values(_ bytes: [UInt8], rows: Int) -> [Int64]? {
        guard rows > 0, bytes.count % rows == 0, (1...8).contains(bytes.count / rows) else { return nil }
        return [Int64](unsafeUninitializedCapacity: rows) { target, count in
            bytes.withUnsafeBufferPointer { source in
                for row in 0..<rows { target[row] = Int64(source[row]) }
                for place in 1..<max(1, bytes.count / rows) {
                    let shift = Int64(8 * place)
                    for row in 0..<rows { target[row] |= Int64(source[place * rows + row]) &<< shift }
                }
            }
            count = rows
        }
    }
}
