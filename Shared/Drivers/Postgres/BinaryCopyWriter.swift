public import Glibc

/// Writes rows in the format of `COPY … (FORMAT binary)`: `row(columns:)`, then one call a column.
///
/// Everything goes into one growing buffer; nothing is allocated for a value.
public struct BinaryCopyWriter: ~Copyable {
    // Usable from inline: a call a value across modules would cost more than the value.
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    @usableFromInline var missing = 0
    @usableFromInline var used = 0
    @usableFromInline var begun = 0

    /// Bytes not yet sent.
    public var count: Int { used }
    /// Rows begun so far.
    public var rows: Int { begun }

    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        guard let memory = malloc(self.capacity) else { fatalError("out of memory for a COPY buffer") }
        base = memory
    }

    deinit { free(base) }

    // MARK: Rows

    /// Begins a row of so many columns; the row before must be complete.
    @inlinable @inline(__always)
    public mutating func row(columns: Int) {
        precondition(missing == 0, "a COPY row was begun before the one before it had all its columns")
        reserve(2)
        store(Int16(truncatingIfNeeded: columns))
        missing = columns
        begun += 1
    }

    /// NULL.
    @inlinable @inline(__always)
    public mutating func null() {
        field(4)
        store(Int32(-1))
    }

    /// A `smallint`.
    @inlinable @inline(__always)
    public mutating func int16(_ value: Int16) {
        field(6)
        store(Int32(2))
        store(value)
    }

    /// An `integer`.
    @inlinable @inline(__always)
    public mutating func int32(_ value: Int32) {
        field(8)
        store(Int32(4))
        store(value)
    }

    /// A `bigint`.
    @inlinable @inline(__always)
    public mutating func int64(_ value: Int64) {
        field(12)
        store(Int32(8))
        store(value)
    }

    /// A `double precision`.
    @inlinable @inline(__always)
    public mutating func double(_ value: Double) {
        field(12)
        store(Int32(8))
        store(value.bitPattern)
    }

    /// A `boolean`.
    @inlinable @inline(__always)
    public mutating func bool(_ value: Bool) {
        field(5)
        store(Int32(1))
        store(UInt8(value ? 1 : 0))
    }

    /// A `timestamptz`, in microseconds since 1970 UTC.
    @inlinable @inline(__always)
    public mutating func timestamp(_ microseconds: Int64) {
        int64(microseconds &- 946_684_800_000_000)  // from 1970 to PostgreSQL's epoch, 2000
    }

    /// A `text`. The server refuses a zero byte in it (SQLSTATE 22021).
    @inlinable
    public mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
    }

    /// A `text` from bytes, which the server checks to be UTF-8.
    public mutating func text(_ value: borrowing RawSpan) {
        value.withUnsafeBytes { bytes($0) }
    }

    /// A `bytea`.
    public mutating func bytes(_ value: [UInt8]) {
        value.withUnsafeBytes { bytes($0) }
    }

    /// A `jsonb` from its text.
    public mutating func jsonb(_ value: String) {
        var value = value
        value.withUTF8 { text in
            field(5 + text.count)
            store(Int32(truncatingIfNeeded: text.count + 1))
            store(UInt8(1))  // the format's version
            copy(UnsafeRawBufferPointer(text))
        }
    }

    @inlinable @inline(__always)
    mutating func bytes(_ value: UnsafeRawBufferPointer) {
        field(4 + value.count)
        store(Int32(truncatingIfNeeded: value.count))
        copy(value)
    }

    // MARK: The file around the rows

    mutating func header() {
        reserve(19)
        for byte: UInt8 in [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00] { store(byte) }
        store(Int32(0))
        store(Int32(0))
    }

    mutating func trailer() {
        precondition(missing == 0, "the last COPY row lacks columns")
        reserve(2)
        store(Int16(-1))
    }

    mutating func removeAll() { used = 0 }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        body(UnsafeRawBufferPointer(start: base, count: count))
    }

    // MARK: The buffer

    @inlinable @inline(__always)
    mutating func field(_ size: Int) {
        precondition(missing > 0, "a COPY row has more columns than it was begun with")
        missing -= 1
        reserve(size)
    }

    @inlinable @inline(__always)
    mutating func reserve(_ size: Int) {
        if capacity - used < size { grow(size) }
    }

    @usableFromInline @inline(never)
    mutating func grow(_ size: Int) {
        capacity = max(capacity * 2, used + size)
        guard let bigger = realloc(base, capacity) else { fatalError("out of memory for a COPY buffer") }
        base = bigger
    }

    /// Space was reserved before.
    @inlinable @inline(__always)
    mutating func store<T: FixedWidthInteger>(_ value: T) {
        base.storeBytes(of: value.bigEndian, toByteOffset: used, as: T.self)
        used += MemoryLayout<T>.size
    }

    @inlinable @inline(__always)
    mutating func copy(_ value: UnsafeRawBufferPointer) {
        if let start = value.baseAddress { memcpy(base + used, start, value.count) }
        used += value.count
    }
}
