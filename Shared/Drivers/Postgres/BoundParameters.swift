import CLibpq

/// Parameters laid out as libpq wants them: parallel arrays of types, pointers, lengths and formats.
struct BoundParameters {
    private var storage: [UInt8] = []
    private var offsets: [Int?] = []
    private var lengths: [CInt] = []
    private var formats: [CInt] = []
    private var types: [Oid] = []

    init(_ values: [PostgresValue]) throws(PostgresError) {
        for value in values { try append(value) }
    }

    private mutating func append(_ value: PostgresValue) throws(PostgresError) {
        let start = storage.count
        switch value {
        case .null:
            offsets.append(nil)
            lengths.append(0)
            formats.append(0)
            types.append(0)
            return
        case .text(let text):
            // A text parameter ends at its first zero byte, silently; PostgreSQL stores none anyway.
            if text.utf8.contains(0) {
                throw PostgresError(
                    .query, "a text parameter holds a zero byte, which PostgreSQL cannot store", sqlState: "22021")
            }
            storage.append(contentsOf: text.utf8)
            storage.append(0)
            finish(start, type: 0, format: 0)
        case .json(let text):
            storage.append(1)  // jsonb's version
            storage.append(contentsOf: text.utf8)
            finish(start, type: TypeOID.jsonb, format: 1)
        case .bool(let value):
            storage.append(value ? 1 : 0)
            finish(start, type: TypeOID.bool, format: 1)
        case .int(let value):
            big(value)
            finish(start, type: TypeOID.int8, format: 1)
        case .double(let value):
            big(value.bitPattern)
            finish(start, type: TypeOID.float8, format: 1)
        case .bytes(let bytes):
            storage.append(contentsOf: bytes)
            finish(start, type: TypeOID.bytea, format: 1)
        case .timestamp(let value):
            big(value &- TypeOID.epochOffset)
            finish(start, type: TypeOID.timestamptz, format: 1)
        case .textArray(let values):
            array(values.count, element: TypeOID.text)
            for value in values {
                big(Int32(value.utf8.count))
                storage.append(contentsOf: value.utf8)
            }
            finish(start, type: TypeOID.textArray, format: 1)
        case .intArray(let values):
            array(values.count, element: TypeOID.int8)
            for value in values {
                big(Int32(8))
                big(value)
            }
            finish(start, type: TypeOID.int8Array, format: 1)
        case .doubleArray(let values):
            array(values.count, element: TypeOID.float8)
            for value in values {
                big(Int32(8))
                big(value.bitPattern)
            }
            finish(start, type: TypeOID.float8Array, format: 1)
        }
    }

    private mutating func finish(_ start: Int, type: Oid, format: CInt) {
        offsets.append(start)
        lengths.append(CInt(storage.count - start))
        formats.append(format)
        types.append(type)
    }

    /// An array's header: dimensions, no nulls, element type, length, lower bound 1.
    private mutating func array(_ count: Int, element: Oid) {
        big(Int32(count == 0 ? 0 : 1))
        big(Int32(0))
        big(element)
        guard count > 0 else { return }
        big(Int32(count))
        big(Int32(1))
    }

    private mutating func big<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { storage.append(contentsOf: $0) }
    }

    /// Sends a statement with these parameters, asking for binary results; 1 when libpq took it.
    func send(_ sql: String, over handle: OpaquePointer) -> CInt {
        storage.withUnsafeBytes { bytes in
            // An empty value still needs a pointer: null would mean NULL.
            let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers: [UnsafePointer<CChar>?] = offsets.map { offset in
                offset.map { offset in base.map { $0 + offset } ?? Self.emptyValue }
            }
            return PQsendQueryParams(handle, sql, CInt(offsets.count), types, pointers, lengths, formats, 1)
        }
    }

    /// One zero byte that lives for ever.
    nonisolated(unsafe) private static let emptyValue: UnsafePointer<CChar> = {
        let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()
}
