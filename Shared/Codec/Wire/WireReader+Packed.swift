/// Whole columns at once: the bounds are checked once for a column, then its values are loaded without further checks.
extension WireReader {
    /// A `repeated int64`, packed or one value at a time.
    @_lifetime(self: copy self)
    public mutating func integers(_ field: WireField, into values: inout [Int64]) throws(WireError) {
        try numbers(field, into: &values) { Int64(bitPattern: $0) }
    }

    /// A `repeated uint32`, packed or one value at a time.
    @_lifetime(self: copy self)
    public mutating func unsigned(_ field: WireField, into values: inout [UInt32]) throws(WireError) {
        try numbers(field, into: &values) { UInt32(truncatingIfNeeded: $0) }
    }

    /// A `repeated` enumeration.
    ///
    /// - Throws: `enumeration` for a number that this version does not know, at the field.
    @_lifetime(self: copy self)
    public mutating func enumerations<E: RawRepresentable<UInt8>>(
        _ field: WireField, into values: inout [E]
    ) throws(WireError) {
        var numbers: [UInt32] = []
        try unsigned(field, into: &numbers)
        for number in numbers {
            guard let raw = UInt8(exactly: number), let value = E(rawValue: raw) else {
                throw WireError(.enumeration, at: field.offset, "\(number) is no \(E.self)")
            }
            values.append(value)
        }
    }

    /// A `repeated double`.
    @_lifetime(self: copy self)
    public mutating func doubles(_ field: WireField, into values: inout [Double]) throws(WireError) {
        try fixed(field, into: &values, size: 8, .fixed64)
    }

    /// A `repeated float`.
    @_lifetime(self: copy self)
    public mutating func floats(_ field: WireField, into values: inout [Float]) throws(WireError) {
        try fixed(field, into: &values, size: 4, .fixed32)
    }

    /// A `repeated sfixed64`.
    @_lifetime(self: copy self)
    public mutating func fixed(_ field: WireField, into values: inout [Int64]) throws(WireError) {
        try fixed(field, into: &values, size: 8, .fixed64)
    }

    /// A `repeated fixed64`.
    @_lifetime(self: copy self)
    public mutating func fixed(_ field: WireField, into values: inout [UInt64]) throws(WireError) {
        try fixed(field, into: &values, size: 8, .fixed64)
    }

    @_lifetime(self: copy self)
    private mutating func fixed<T: BitwiseCopyable>(
        _ field: WireField, into values: inout [T], size: Int, _ single: WireType
    ) throws(WireError) {
        let length: Int
        if field.type == single {
            guard end - offset >= size else {
                throw WireError(.truncated, at: offset, "the message ends inside field \(field.number)")
            }
            length = size
        } else {
            length = try self.length(field)
            guard length % size == 0 else {
                throw WireError(.truncated, at: offset, "field \(field.number) ends inside a number")
            }
        }
        defer { offset += length }
        guard length > 0 else { return }
        span.extracting(offset..<(offset + length)).withUnsafeBytes { source in
            values.append(addingCapacity: length / size) { output in
                output.withUnsafeMutableBufferPointer { buffer, initialized in
                    UnsafeMutableRawPointer(buffer.baseAddress! + initialized)
                        .copyMemory(from: source.baseAddress!, byteCount: length)
                    initialized += length / size
                }
            }
        }
    }

    @_lifetime(self: copy self)
    @inline(__always)
    private mutating func numbers<T: BitwiseCopyable>(
        _ field: WireField, into values: inout [T], _ value: (UInt64) -> T
    ) throws(WireError) {
        if field.type == .varint {
            values.append(value(try varint()))
            return
        }
        let length = try self.length(field)
        guard length > 0 else { return }
        let start = offset
        let bad: Int? = span.extracting(offset..<(offset + length)).withUnsafeBytes { source in
            // A varint ends with a byte whose top bit is clear: counting those says how many values there are, so that
            // the column is allocated once and at its size.
            let count = Self.terminators(source)
            guard source[length - 1] < 0x80 else { return length - 1 }
            var bad: Int?
            values.append(addingCapacity: count) { output in
                output.withUnsafeMutableBufferPointer { buffer, initialized in
                    let (stored, failure) = Self.unpack(source, into: buffer.baseAddress! + initialized, value)
                    initialized += stored
                    bad = failure
                }
            }
            return bad
        }
        if let bad { throw WireError(.varint, at: start + bad, "field \(field.number) holds a malformed varint") }
        offset += length
    }

    private static func terminators(_ source: UnsafeRawBufferPointer) -> Int {
        var count = 0
        var index = 0
        while index + 8 <= source.count {
            let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            count += (~word & Varint.continuation).nonzeroBitCount
            index += 8
        }
        while index < source.count {
            if source[index] < 0x80 { count += 1 }
            index += 1
        }
        return count
    }

    /// Stores every varint of `source`, of which `target` must have room for as many as there are terminators. Returns how
    /// many were stored, and where a malformed one was.
    @inline(__always)
    private static func unpack<T: BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<T>, _ value: (UInt64) -> T
    ) -> (Int, Int?) {
        let base = source.baseAddress!
        var stored = 0
        var index = 0
        while index + 8 <= source.count {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let ends = ~word & Varint.continuation
            if ends == Varint.continuation {
                for lane in 0..<8 { target[stored + lane] = value((word >> UInt64(lane * 8)) & 0x7F) }
                stored += 8
                index += 8
            } else if ends != 0 {
                let first = ends & (0 &- ends)
                target[stored] = value(Varint.gather(word & (first | (first &- 1))))
                stored += 1
                index += (first.trailingZeroBitCount + 1) / 8
            } else {
                // Nine or ten bytes, or too many.
                guard let (number, size) = long(source, index) else { return (stored, index) }
                target[stored] = value(number)
                stored += 1
                index += size
            }
        }
        while index < source.count {
            guard let (number, size) = long(source, index) else { return (stored, index) }
            target[stored] = value(number)
            stored += 1
            index += size
        }
        return (stored, nil)
    }

    /// One varint a byte at a time; nil when it has more than 64 bits or no end.
    private static func long(_ source: UnsafeRawBufferPointer, _ start: Int) -> (UInt64, Int)? {
        var value: UInt64 = 0
        var index = start
        while index < source.count, index - start < Varint.maximumSize {
            let byte = source[index]
            if index - start == 9, byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << UInt64(7 * (index - start))
            index += 1
            if byte < 0x80 { return (value, index - start) }
        }
        return nil
    }
}
