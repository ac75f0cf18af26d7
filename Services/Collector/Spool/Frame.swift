/// What the spool's files are made of: `magic | length | crc32c | payload`, little-endian.
enum Frame {
    static let overhead = 12
    private static let magic: [UInt8] = Array("PGAf".utf8)
    /// Above what a cycle of a server can be; a longer one is damage.
    static let maximalLength = 512 << 20

    static func encode(_ payload: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(overhead + payload.count)
        writer.bytes += magic
        writer.fixed32(UInt32(payload.count))
        writer.fixed32(CRC32C.checksum(payload))
        writer.bytes += payload
        return writer.bytes
    }

    /// The length of the payload that a frame's first bytes announce; `nil` when they are no frame's.
    static func length(_ head: some Collection<UInt8>) -> Int? {
        guard head.count >= overhead, head.prefix(4).elementsEqual(magic) else { return nil }
        let length = Int(number(head.dropFirst(4)))
        return length <= maximalLength ? length : nil
    }

    static func checksum(_ head: some Collection<UInt8>) -> UInt32 { number(head.dropFirst(8)) }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var value: UInt32 = 0
        for (index, byte) in bytes.prefix(4).enumerated() { value |= UInt32(byte) << UInt32(8 * index) }
        return value
    }

    /// The payload of the whole frame at `offset`, or `nil` when there is none or it is damaged.
    static func payload(in bytes: [UInt8], at offset: Int) -> ArraySlice<UInt8>? {
        guard offset + overhead <= bytes.count else { return nil }
        let head = bytes[offset..<(offset + overhead)]
        guard let length = length(head), offset + overhead + length <= bytes.count else { return nil }
        let payload = bytes[(offset + overhead)..<(offset + overhead + length)]
        return CRC32C.checksum(payload) == checksum(head) ? payload : nil
    }

    /// Where the next whole frame begins at or behind `offset`.
    static func next(in bytes: [UInt8], from offset: Int) -> Int? {
        var at = offset
        while at + overhead <= bytes.count {
            if bytes[at] == magic[0], payload(in: bytes, at: at) != nil { return at }
            at += 1
        }
        return nil
    }
}
