/// Arithmetic of variable-length integers, without branches where the data would make them mispredict.
enum Varint {
    /// The longest: ten bytes of seven bits.
    static let maximumSize = 10
    /// The continuation bit of each of eight bytes.
    static let continuation: UInt64 = 0x8080_8080_8080_8080

    /// How many bytes a value takes.
    @inline(__always)
    static func size(_ value: UInt64) -> Int {
        (70 - (value | 1).leadingZeroBitCount) / 7
    }

    /// Spreads the low 56 bits over eight bytes of seven.
    @inline(__always)
    static func spread(_ value: UInt64) -> UInt64 {
        var x = (value & 0x0000_0000_0FFF_FFFF) | ((value & 0x00FF_FFFF_F000_0000) << 4)
        x = (x & 0x0000_3FFF_0000_3FFF) | ((x & 0x0FFF_C000_0FFF_C000) << 2)
        return (x & 0x007F_007F_007F_007F) | ((x & 0x3F80_3F80_3F80_3F80) << 1)
    }

    /// Gathers seven bits of each of eight bytes: the inverse of ``spread(_:)``.
    @inline(__always)
    static func gather(_ value: UInt64) -> UInt64 {
        var x = (value & 0x007F_007F_007F_007F) | ((value & 0x7F00_7F00_7F00_7F00) >> 1)
        x = (x & 0x0000_3FFF_0000_3FFF) | ((x & 0x3FFF_0000_3FFF_0000) >> 2)
        return (x & 0x0000_0000_0FFF_FFFF) | ((x & 0x0FFF_FFFF_0000_0000) >> 4)
    }

    /// Writes a value and returns its size. The caller must own ten bytes at `pointer`: eight are stored at once, whatever the size.
    @inline(__always)
    static func store(_ value: UInt64, at pointer: UnsafeMutableRawPointer) -> Int {
        let size = size(value)
        if size <= 8 {
            let marks = continuation & ((1 << UInt64(8 * (size - 1))) &- 1)
            pointer.storeBytes(of: (spread(value) | marks).littleEndian, as: UInt64.self)
            return size
        }
        var rest = value
        for index in 0..<(size - 1) {
            pointer.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: index, as: UInt8.self)
            rest >>= 7
        }
        pointer.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: size - 1, as: UInt8.self)
        return size
    }
}
