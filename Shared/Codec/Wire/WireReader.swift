/// Reads fields in Protocol Buffers' wire format from lent bytes.
///
/// Every read is checked against the end of the message it is in, so that bytes from anywhere end in a value or in a
/// ``WireError`` with the offset, never in a trap, and nothing is allocated that the bytes at hand do not fill.
public struct WireReader: ~Escapable {
    let span: RawSpan
    /// Where the next byte is read.
    public internal(set) var offset: Int
    /// The end of the message that is being read.
    public private(set) var end: Int

    /// A reader over a whole payload.
    @_lifetime(copy span)
    public init(_ span: RawSpan) {
        self.span = span
        offset = 0
        end = span.byteCount
    }

    /// The next field of this message, or nil at its end.
    @_lifetime(self: copy self)
    public mutating func next() throws(WireError) -> WireField? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try varint()
        guard tag <= UInt64(UInt32.max), tag >> 3 != 0, let type = WireType(rawValue: UInt8(tag & 7)) else {
            throw WireError(.tag, at: start, "\(tag) is no field's tag")
        }
        return WireField(number: Int(tag >> 3), type: type, offset: start)
    }

    @_lifetime(self: copy self)
    public mutating func uint64(_ field: WireField) throws(WireError) -> UInt64 {
        try expect(.varint, field)
        return try varint()
    }

    /// The upper half is dropped, as in every implementation.
    @_lifetime(self: copy self)
    public mutating func uint32(_ field: WireField) throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try uint64(field))
    }

    @_lifetime(self: copy self)
    public mutating func int64(_ field: WireField) throws(WireError) -> Int64 {
        Int64(bitPattern: try uint64(field))
    }

    @_lifetime(self: copy self)
    public mutating func int32(_ field: WireField) throws(WireError) -> Int32 {
        Int32(truncatingIfNeeded: try int64(field))
    }

    @_lifetime(self: copy self)
    public mutating func bool(_ field: WireField) throws(WireError) -> Bool {
        try uint64(field) != 0
    }

    @_lifetime(self: copy self)
    public mutating func enumeration<E: RawRepresentable<UInt8>>(_ field: WireField, _: E.Type) throws(WireError) -> E {
        let start = offset
        let number = try uint64(field)
        guard let raw = UInt8(exactly: number), let value = E(rawValue: raw) else {
            throw WireError(.enumeration, at: start, "\(number) is no \(E.self)")
        }
        return value
    }

    @_lifetime(self: copy self)
    public mutating func double(_ field: WireField) throws(WireError) -> Double {
        try expect(.fixed64, field)
        return Double(bitPattern: try fixed64())
    }

    @_lifetime(self: copy self)
    public mutating func string(_ field: WireField) throws(WireError) -> String {
        let length = try length(field)
        defer { offset += length }
        let bytes = Span<UInt8>(_bytes: span.extracting(offset..<(offset + length)))
        do {
            return String(copying: try UTF8Span(validating: bytes))
        } catch {
            throw WireError(
                .utf8, at: offset + error.byteOffsets.lowerBound, "field \(field.number) is not UTF-8")
        }
    }

    @_lifetime(self: copy self)
    public mutating func bytes(_ field: WireField) throws(WireError) -> [UInt8] {
        let length = try length(field)
        defer { offset += length }
        return span.extracting(offset..<(offset + length)).withUnsafeBytes { Array($0) }
    }

    @_lifetime(self: copy self)
    public mutating func message<M: Message>(_ field: WireField, _: M.Type = M.self) throws(WireError) -> M {
        let length = try length(field)
        let outer = end
        end = offset + length
        let value = try M(from: &self)
        // A message that stops before its end would make the rest of it fields of the outer one.
        offset = end
        end = outer
        return value
    }

    /// Passes over a field that this version does not know.
    @_lifetime(self: copy self)
    public mutating func skip(_ field: WireField) throws(WireError) {
        switch field.type {
        case .varint: _ = try varint()
        case .fixed64: try advance(8)
        case .fixed32: try advance(4)
        case .bytes: offset += try length(field)
        case .groupStart: try skipGroup(field)
        case .groupEnd: throw WireError(.tag, at: field.offset, "the end of a group that never began")
        }
    }

    /// Groups are older than anything of ours, but legal: a stack of their numbers, and a limit on its depth.
    @_lifetime(self: copy self)
    private mutating func skipGroup(_ field: WireField) throws(WireError) {
        var open = [field.number]
        while let last = open.last {
            guard let inner = try next() else {
                throw WireError(.truncated, at: offset, "group \(last) has no end")
            }
            switch inner.type {
            case .groupStart:
                guard open.count < 32 else { throw WireError(.depth, at: inner.offset, "groups nested too deeply") }
                open.append(inner.number)
            case .groupEnd:
                guard inner.number == last else {
                    throw WireError(.tag, at: inner.offset, "group \(last) ends as \(inner.number)")
                }
                open.removeLast()
            default: try skip(inner)
            }
        }
    }

    // MARK: Pieces

    /// The length of a field of bytes, checked against what is left.
    @_lifetime(self: copy self)
    mutating func length(_ field: WireField) throws(WireError) -> Int {
        try expect(.bytes, field)
        let start = offset
        let length = try varint()
        guard length <= UInt64(end - offset) else {
            throw WireError(
                .truncated, at: start, "field \(field.number) claims \(length) bytes where \(end - offset) are left")
        }
        return Int(length)
    }

    func expect(_ type: WireType, _ field: WireField) throws(WireError) {
        guard field.type == type else {
            throw WireError(.wireType, at: field.offset, "field \(field.number) came as \(field.type), not \(type)")
        }
    }

    @_lifetime(self: copy self)
    mutating func varint() throws(WireError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = span.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
            offset += 1
            if shift == 63, byte > 1 { throw WireError(.varint, at: start, "a varint of more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw WireError(.truncated, at: start, "the message ends inside a varint")
    }

    @_lifetime(self: copy self)
    private mutating func fixed64() throws(WireError) -> UInt64 {
        let start = offset
        try advance(8)
        return UInt64(littleEndian: span.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self))
    }

    @_lifetime(self: copy self)
    private mutating func advance(_ count: Int) throws(WireError) {
        guard end - offset >= count else { throw WireError(.truncated, at: offset, "the message ends inside a field") }
        offset += count
    }
}
