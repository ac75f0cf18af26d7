/// Whole columns at once: one call, no allocation but the buffer's growth.
extension WireWriter {
    /// A packed `repeated int64`.
    public mutating func packedIntegers(_ field: Int, _ values: [Int64]) {
        packed(field, values) { UInt64(bitPattern: $0) }
    }

    /// A packed `repeated uint32`.
    public mutating func packedUnsigned(_ field: Int, _ values: [UInt32]) {
        packed(field, values) { UInt64($0) }
    }

    /// A packed `repeated` enumeration.
    public mutating func packedEnumerations<E: RawRepresentable<UInt8>>(_ field: Int, _ values: [E]) {
        packedUnsigned(field, values.map { UInt32($0.rawValue) })
    }

    /// A packed `repeated double`.
    public mutating func packedDoubles(_ field: Int, _ values: [Double]) {
        packedFixed(field, values, size: 8)
    }

    /// A packed `repeated float`.
    public mutating func packedFloats(_ field: Int, _ values: [Float]) {
        packedFixed(field, values, size: 4)
    }

    /// A packed `repeated sfixed64`.
    public mutating func packedFixed(_ field: Int, _ values: [Int64]) {
        packedFixed(field, values, size: 8)
    }

    /// A packed `repeated fixed64`.
    public mutating func packedFixed(_ field: Int, _ values: [UInt64]) {
        packedFixed(field, values, size: 8)
    }

    @inline(__always)
    private mutating func packed<T>(_ field: Int, _ values: [T], _ number: (T) -> UInt64) {
        guard !values.isEmpty else { return }
        tag(field, .bytes)
        prefixed(guess: Varint.size(UInt64(values.count))) { writer in
            // Ten bytes a value are enough for any, and leave room for the eight that are stored at once for the last.
            writer.bytes.append(addingCapacity: values.count * Varint.maximumSize) { output in
                output.withUnsafeMutableBufferPointer { buffer, initialized in
                    var pointer = UnsafeMutableRawPointer(buffer.baseAddress! + initialized)
                    let start = pointer
                    values.withUnsafeBufferPointer { source in
                        var index = 0
                        while index + 8 <= source.count {
                            let (a, b, c, d) = (
                                number(source[index]), number(source[index + 1]), number(source[index + 2]),
                                number(source[index + 3])
                            )
                            let (e, f, g, h) = (
                                number(source[index + 4]), number(source[index + 5]), number(source[index + 6]),
                                number(source[index + 7])
                            )
                            if (a | b | c | d | e | f | g | h) < 0x80 {
                                let low = a | b << 8 | c << 16 | d << 24
                                let high = e | f << 8 | g << 16 | h << 24
                                pointer.storeBytes(of: (low | high << 32).littleEndian, as: UInt64.self)
                                pointer += 8
                            } else {
                                pointer += Varint.store(a, at: pointer)
                                pointer += Varint.store(b, at: pointer)
                                pointer += Varint.store(c, at: pointer)
                                pointer += Varint.store(d, at: pointer)
                                pointer += Varint.store(e, at: pointer)
                                pointer += Varint.store(f, at: pointer)
                                pointer += Varint.store(g, at: pointer)
                                pointer += Varint.store(h, at: pointer)
                            }
                            index += 8
                        }
                        while index < source.count {
                            pointer += Varint.store(number(source[index]), at: pointer)
                            index += 1
                        }
                    }
                    initialized += pointer - start
                }
            }
        }
    }

    /// Every machine we build for is little-endian, as the wire is: the column goes out as it lies in memory.
    private mutating func packedFixed<T: BitwiseCopyable>(_ field: Int, _ values: [T], size: Int) {
        guard !values.isEmpty else { return }
        tag(field, .bytes)
        varint(UInt64(values.count * size))
        values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
}
