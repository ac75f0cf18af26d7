import CZstd

/// Zstandard compression of whole byte arrays.
public enum Zstd {
    /// What is known of a frame's content before it is compressed.
    public enum Frame: Sendable {
        /// All of it: the frame carries its size and a checksum, and zstd's parameters suit the size.
        case whole
        /// Nothing: neither is in the frame, and the parameters are those of content without end. Kafka's clients make these
        /// of their batches.
        case stream
    }

    /// Compresses into one frame.
    ///
    /// - Parameter level: 1 (fast) to 19 (small); zstd itself brings others into its range.
    public static func compress(_ bytes: [UInt8], level: Int32 = 3, as frame: Frame = .whole) throws(ZstdError)
        -> [UInt8]
    {
        guard let context = ZSTD_createCCtx() else { throw ZstdError(.failed, "zstd has no memory for a context") }
        defer { ZSTD_freeCCtx(context) }
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        if frame == .whole {
            _ = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
            _ = ZSTD_CCtx_setPledgedSrcSize(context, UInt64(bytes.count))
        }
        let bound = ZSTD_compressBound(bytes.count)
        var code = 0
        let result = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: bound, pos: 0)
            bytes.withUnsafeBytes { source in
                var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
                // An end in the first call would be a size that is known.
                code = ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue)
                if ZSTD_isError(code) == 0 { code = ZSTD_compressStream2(context, &output, &input, ZSTD_e_end) }
            }
            count = output.pos
        }
        guard ZSTD_isError(code) == 0 else { throw ZstdError(.failed, "zstd cannot compress: \(name(code))") }
        // What is left to write, which the bound has room for.
        guard code == 0 else { throw ZstdError(.failed, "zstd has \(code) bytes more than its own bound of \(bound)") }
        return result
    }

    /// Decompresses all frames of `bytes`, one after the other, into at most `limit` bytes.
    ///
    /// The limit holds whatever a frame says of its own size: the size in its header is a claim of whoever made it, or
    /// not there at all, so no memory is taken on its word. A frame that wants a window larger than the limit, which
    /// zstd would have to allocate, is refused as well (zstd's smallest window is 1 KiB, its own usual one 2 MiB).
    public static func decompress(_ bytes: [UInt8], limit: Int) throws(ZstdError) -> [UInt8] {
        guard !bytes.isEmpty else { throw ZstdError(.truncated, "there are no bytes to decompress") }
        guard let context = ZSTD_createDCtx() else { throw ZstdError(.failed, "zstd has no memory for a context") }
        defer { ZSTD_freeDCtx(context) }
        var windowLog: Int32 = 27  // zstd's own default
        while windowLog > 21, 1 << (windowLog - 1) >= limit { windowLog -= 1 }
        _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)
        // withUnsafeBytes hands on only untyped errors.
        let result = bytes.withUnsafeBytes { source in
            Result<[UInt8], ZstdError> { () throws(ZstdError) in try decompress(source, context, limit: limit) }
        }
        return try result.get()
    }

    private static func decompress(
        _ source: UnsafeRawBufferPointer, _ context: OpaquePointer, limit: Int
    ) throws(ZstdError) -> [UInt8] {
        var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        var result: [UInt8] = []
        // Grown as the content comes. A true claim saves the growing; a false one costs what the limit allows at most.
        let claimed = ZSTD_getFrameContentSize(source.baseAddress, source.count)
        if claimed < UInt64(min(limit, 64 * source.count + 1_024)) { result.reserveCapacity(Int(claimed)) }
        let chunk = ZSTD_DStreamOutSize()
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: chunk, alignment: 16)
        defer { buffer.deallocate() }
        var pending = 1
        while input.pos < input.size || pending != 0 {
            var output = ZSTD_outBuffer(dst: buffer, size: chunk, pos: 0)
            let before = input.pos
            pending = ZSTD_decompressStream(context, &output, &input)
            if ZSTD_isError(pending) != 0 {
                let isWindow = ZSTD_getErrorCode(pending) == ZSTD_error_frameParameter_windowTooLarge
                throw isWindow
                    ? ZstdError(.tooLarge, "a zstd frame wants a larger window than the limit of \(limit) bytes allows")
                    : ZstdError(.corrupt, "bytes that are not zstd, at offset \(input.pos): \(name(pending))")
            }
            if result.count + output.pos > limit {
                throw ZstdError(.tooLarge, "there is more in a zstd frame than the limit of \(limit) bytes")
            }
            result.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: output.pos))
            // Nothing more to read, nothing written, and the frame is not at its end: the rest is missing.
            if pending != 0 && output.pos < chunk && input.pos == input.size && input.pos == before {
                throw ZstdError(.truncated, "a zstd frame ends in its middle, at offset \(input.pos)")
            }
        }
        return result
    }

    private static func name(_ code: Int) -> String { String(cString: ZSTD_getErrorName(code)) }
}
