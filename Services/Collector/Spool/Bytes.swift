/// Appends the small formats of the state directory: varints, zigzag, length-prefixed bytes.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func zigzag(_ value: Int64) { varint(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }
    mutating func count(_ value: Int) { varint(UInt64(value)) }

    mutating func block(_ value: [UInt8]) {
        count(value.count)
        bytes.append(contentsOf: value)
    }

    mutating func string(_ value: String) {
        count(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    mutating func fixed32(_ value: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
    }
}

/// Bytes of the state directory that are not what we write there.
struct MalformedBytes: Error {
    /// Where in the block.
    var offset: Int
}

/// Reads what ``ByteWriter`` wrote; every length is checked against what is there.
struct ByteReader {
    let bytes: ArraySlice<UInt8>
    private(set) var at: Int

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        at = bytes.startIndex
    }

    var isAtEnd: Bool { at == bytes.endIndex }

    mutating func varint() throws(MalformedBytes) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.endIndex, shift < 64 {
            let byte = bytes[at]
            at += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw MalformedBytes(offset: at - bytes.startIndex)
    }

    mutating func zigzag() throws(MalformedBytes) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A number of things that each take at least a byte, so that no forged count reserves memory.
    mutating func count() throws(MalformedBytes) -> Int {
        let value = try varint()
        guard value <= UInt64(bytes.endIndex - at) else { throw MalformedBytes(offset: at - bytes.startIndex) }
        return Int(value)
    }

    mutating func slice() throws(MalformedBytes) -> ArraySlice<UInt8> {
        let length = try count()
        defer { at += length }
        return bytes[at..<(at + length)]
    }

    mutating func block() throws(MalformedBytes) -> [UInt8] { Array(try slice()) }
    mutating func string() throws(MalformedBytes) -> String { String(decoding: try slice(), as: UTF8.self) }
}
