/// One value in PostgreSQL's binary format. Every accessor is nil where the type or the length does not fit: bytes from
/// outside never trap.
struct Cell {
    let type: UInt32
    let bytes: UnsafeRawBufferPointer

    func int() -> Int64? {
        switch type {
        case TypeOID.int8, TypeOID.xid8, TypeOID.lsn: return load(Int64.self)
        case TypeOID.int4: return load(Int32.self).map(Int64.init)
        case TypeOID.int2: return load(Int16.self).map(Int64.init)
        case TypeOID.oid, TypeOID.xid, TypeOID.cid: return load(UInt32.self).map(Int64.init)
        case TypeOID.bool: return load(UInt8.self).map(Int64.init)
        case TypeOID.numeric: return Numeric(bytes)?.int64
        default: return nil
        }
    }

    func double() -> Double? {
        switch type {
        case TypeOID.float8: return load(UInt64.self).map(Double.init(bitPattern:))
        case TypeOID.float4: return load(UInt32.self).map { Double(Float(bitPattern: $0)) }
        case TypeOID.numeric: return Numeric(bytes)?.double
        default: return int().map(Double.init)
        }
    }

    func bool() -> Bool? {
        type == TypeOID.bool ? load(UInt8.self).map { $0 != 0 } : nil
    }

    func timestamp() -> Int64? {
        switch type {
        case TypeOID.timestamptz, TypeOID.timestamp:
            guard let value = load(Int64.self) else { return nil }
            if value == .max || value == .min { return value }
            let (shifted, overflow) = value.addingReportingOverflow(TypeOID.epochOffset)
            return overflow ? .max : shifted
        case TypeOID.date:
            guard let days = load(Int32.self) else { return nil }
            if days == .max { return .max }
            if days == .min { return .min }
            // The calendar of dates ends later than that of microseconds.
            return Self.microseconds(days: Int64(days), and: TypeOID.epochOffset)
        default: return nil
        }
    }

    func interval() -> Int64? {
        guard type == TypeOID.interval, bytes.count == 16 else { return nil }
        let (time, days, months) = (load(Int64.self, at: 0), load(Int32.self, at: 8), load(Int32.self, at: 12))
        guard let time, let days, let months else { return nil }
        return Self.microseconds(days: Int64(days) + Int64(months) * 30, and: time)
    }

    /// Days and microseconds together; what no Int64 holds is the nearest extreme.
    private static func microseconds(days: Int64, and rest: Int64) -> Int64 {
        let (whole, tooMany) = days.multipliedReportingOverflow(by: 86_400_000_000)
        if tooMany { return days < 0 ? .min : .max }
        let (sum, overflow) = whole.addingReportingOverflow(rest)
        return overflow ? (rest < 0 ? .min : .max) : sum
    }

    /// The elements of a one-dimensional array.
    func array<T>(_ element: (Cell) -> T) -> [T]? {
        guard let dimensions = load(Int32.self, at: 0), let elementType = load(UInt32.self, at: 8) else { return nil }
        guard TypeOID.arrays.contains(type) else { return nil }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = load(Int32.self, at: 12), count >= 0 else { return nil }
        var result: [T] = []
        result.reserveCapacity(min(Int(count), bytes.count / 4))
        var offset = 20
        for _ in 0..<count {
            guard let length = load(Int32.self, at: offset) else { return nil }
            offset += 4
            // A NULL is an empty value here: the accessors of the element then say nil.
            let size = max(0, Int(length))
            guard offset + size <= bytes.count else { return nil }
            let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + size)])
            result.append(element(Cell(type: length < 0 ? TypeOID.void : elementType, bytes: slice)))
            offset += size
        }
        return result
    }

    /// A big-endian number that must fill the whole value.
    @inline(__always)
    func load<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        guard bytes.count == MemoryLayout<T>.size else { return nil }
        return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }

    /// A big-endian number somewhere in the value.
    @inline(__always)
    func load<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T? {
        guard offset >= 0, offset + MemoryLayout<T>.size <= bytes.count else { return nil }
        return T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}

extension TypeOID {
    static let arrays: Set<UInt32> = [
        nameArray, int2Array, int4Array, textArray, varcharArray, int8Array, float4Array, float8Array, oidArray,
    ]
}
