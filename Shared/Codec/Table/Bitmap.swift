/// One bit a row, the first row in the lowest bit of the first byte.
public struct Bitmap: Sendable, Equatable {
    /// How many rows.
    public private(set) var count: Int
    /// The bits; those beyond ``count`` are zero.
    public private(set) var bytes: [UInt8]

    /// `count` rows, none of them marked.
    public init(count: Int = 0) {
        self.count = count
        bytes = [UInt8](repeating: 0, count: (count + 7) / 8)
    }

    /// Bits that came from outside; nil when they are not as many bytes as `count` rows take.
    public init?(count: Int, bytes: [UInt8]) {
        guard bytes.count == (count + 7) / 8 else { return nil }
        self.count = count
        self.bytes = bytes
        if count % 8 != 0 { self.bytes[bytes.count - 1] &= (1 << UInt8(count % 8)) - 1 }
    }

    public subscript(_ row: Int) -> Bool {
        get { bytes[row >> 3] & (1 << UInt8(row & 7)) != 0 }
        set {
            if newValue {
                bytes[row >> 3] |= 1 << UInt8(row & 7)
            } else {
                bytes[row >> 3] &= ~(1 << UInt8(row & 7))
            }
        }
    }

    /// One more row.
    public mutating func append(_ marked: Bool) {
        if count & 7 == 0 { bytes.append(0) }
        count += 1
        if marked { self[count - 1] = true }
    }

    /// How many rows are marked.
    public var marked: Int { bytes.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The rows of a range, as a bitmap of their own.
    public func slice(_ rows: Range<Int>) -> Bitmap {
        var slice = Bitmap(count: rows.count)
        for row in rows where self[row] { slice[row - rows.lowerBound] = true }
        return slice
    }
}
