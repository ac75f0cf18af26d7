/// Appends fields in Protocol Buffers' wire format to one growing buffer.
///
/// As proto3 has it, a field that holds its default (zero, empty) is left out; an optional field is left out when it is nil and
/// written when it is not, whatever it holds.
public struct WireWriter: Sendable {
    /// What was written so far.
    public internal(set) var bytes: [UInt8]

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// How many bytes were written.
    public var count: Int { bytes.count }

    mutating func tag(_ field: Int, _ type: WireType) {
        varint(UInt64(field) << 3 | UInt64(type.rawValue))
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func fixed(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    // MARK: Fields

    public mutating func uint64(_ field: Int, _ value: UInt64) {
        if value != 0 { always(field, value) }
    }

    public mutating func uint32(_ field: Int, _ value: UInt32) { uint64(field, UInt64(value)) }

    /// Negative numbers take ten bytes, as in every implementation.
    public mutating func int64(_ field: Int, _ value: Int64) { uint64(field, UInt64(bitPattern: value)) }

    public mutating func int64(_ field: Int, _ value: Int64?) {
        if let value { always(field, UInt64(bitPattern: value)) }
    }

    public mutating func int32(_ field: Int, _ value: Int32) { int64(field, Int64(value)) }

    public mutating func bool(_ field: Int, _ value: Bool) { uint64(field, value ? 1 : 0) }

    public mutating func enumeration(_ field: Int, _ value: some RawRepresentable<UInt8>) {
        uint64(field, UInt64(value.rawValue))
    }

    /// Negative zero is not the default and is written.
    public mutating func double(_ field: Int, _ value: Double) {
        if value.bitPattern != 0 { double(field, Optional(value)) }
    }

    public mutating func double(_ field: Int, _ value: Double?) {
        guard let value else { return }
        tag(field, .fixed64)
        fixed(value.bitPattern)
    }

    public mutating func string(_ field: Int, _ value: String) {
        if !value.isEmpty { always(field, value) }
    }

    public mutating func strings(_ field: Int, _ values: [String]) {
        for value in values { always(field, value) }
    }

    public mutating func bytes(_ field: Int, _ value: [UInt8]) {
        if !value.isEmpty { bytes(field, Optional(value)) }
    }

    public mutating func bytes(_ field: Int, _ value: [UInt8]?) {
        guard let value else { return }
        tag(field, .bytes)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func messages(_ field: Int, _ values: [some Message]) {
        for value in values { message(field, value) }
    }

    public mutating func message(_ field: Int, _ value: some Message) {
        tag(field, .bytes)
        prefixed(guess: 2) { value.write(to: &$0) }
    }

    private mutating func always(_ field: Int, _ value: UInt64) {
        tag(field, .varint)
        varint(value)
    }

    private mutating func always(_ field: Int, _ value: String) {
        tag(field, .bytes)
        var value = value
        value.withUTF8 {
            varint(UInt64($0.count))
            bytes.append(contentsOf: $0)
        }
    }

    /// Writes what `body` writes behind its length, which is known only afterwards: `guess` bytes are kept for it, and
    /// what follows is moved when the length turns out to take more or fewer.
    mutating func prefixed(guess: Int, _ body: (inout WireWriter) -> Void) {
        let start = bytes.count
        for _ in 0..<guess { bytes.append(0) }
        body(&self)
        let length = bytes.count - start - guess
        let needed = Varint.size(UInt64(length))
        if needed > guess {
            bytes.insert(contentsOf: repeatElement(0, count: needed - guess), at: start)
        } else if needed < guess {
            bytes.removeSubrange(start..<(start + guess - needed))
        }
        var rest = UInt64(length)
        for index in 0..<needed {
            bytes[start + index] = UInt8(truncatingIfNeeded: rest & 0x7F) | (index + 1 < needed ? 0x80 : 0)
            rest >>= 7
        }
    }
}
