import CLibpq
import Runtime

extension PostgresConnection {
    /// How much is buffered before it is handed to the socket.
    private static let chunkBytes = 512 * 1024

    /// Loads rows by `COPY … FROM STDIN (FORMAT binary)`, all written by one call of `body`.
    ///
    /// - Returns: the number of rows the server took.
    public mutating func copyIn(
        _ sql: String, timeout: Duration = .seconds(60), _ body: (inout BinaryCopyWriter) throws -> Void
    ) async throws(PostgresError) -> Int {
        try await copyIn(sql, timeout: timeout) { writer throws -> Bool in
            try body(&writer)
            return false
        }
    }

    /// Loads rows by `COPY … FROM STDIN (FORMAT binary)`. `next` writes some rows and says whether there are more; between
    /// two calls what it wrote goes to the server, so that the server works while we write and memory stays bounded.
    ///
    /// - Returns: the number of rows the server took.
    /// - Throws: what the server said, or `.query` with the words of what `next` threw; in both cases nothing is stored.
    public mutating func copyIn(
        _ sql: String, timeout: Duration = .seconds(60), next: (inout BinaryCopyWriter) throws -> Bool
    ) async throws(PostgresError) -> Int {
        let deadline = ContinuousClock.now + timeout
        guard PQsendQuery(try usableHandle(), sql) == 1 else { throw lost() }
        try await flush(until: deadline)
        try await enterCopy(until: deadline)

        var writer = BinaryCopyWriter(capacity: Self.chunkBytes + Self.chunkBytes / 4)
        writer.header()
        var more = true
        while more {
            do {
                more = try next(&writer)
            } catch {
                try await abandonCopy(String(describing: error), until: deadline)
            }
            if more && writer.count < Self.chunkBytes { continue }
            if !more { writer.trailer() }
            guard try await put(&writer, until: deadline) else { break }
        }
        return try await finishCopy(until: deadline)
    }

    private mutating func enterCopy(until deadline: ContinuousClock.Instant) async throws(PostgresError) {
        guard let result = try await nextResult(until: deadline) else { throw lost() }
        defer { PQclear(result) }
        if PQresultStatus(result) == PGRES_COPY_IN { return }
        let failure =
            PQresultStatus(result) == PGRES_FATAL_ERROR
            ? PostgresError.refused(by: target, result: result)
            : PostgresError(.query, "\(target): copyIn was given something else than COPY … FROM STDIN")
        try await drain(until: deadline)
        throw failure
    }

    /// Hands the buffer to libpq, after what it was given before is on its way: while the next rows are written the
    /// socket drains, and libpq never holds more than one buffer.
    ///
    /// - Returns: false when the server has already ended the COPY, which then has an error to tell.
    private mutating func put(
        _ writer: inout BinaryCopyWriter, until deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> Bool {
        try await flush(until: deadline)
        while true {
            let handle = try usableHandle()
            let taken = writer.withBytes {
                PQputCopyData(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), CInt($0.count))
            }
            if taken == 1 { break }
            // 0: no room. Wait to write, and read meanwhile: the server may be sending notices.
            if taken == 0 {
                try await wait(for: .readOrWrite, until: deadline, doing: "sending COPY data")
                guard PQconsumeInput(handle) == 1 else { throw lost() }
            } else {
                return PQstatus(handle) == CONNECTION_OK ? false : try broken()
            }
        }
        writer.removeAll()
        return true
    }

    private mutating func broken() throws(PostgresError) -> Bool { throw lost() }

    private mutating func finishCopy(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> Int {
        try await putEnd(nil, until: deadline)
        let result = try await lastResult(until: deadline)
        defer { PQclear(result) }
        return Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    /// Tells the server that the copy is off; it answers with an error, which is what is thrown.
    private mutating func abandonCopy(
        _ reason: String, until deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> Never {
        try await putEnd(reason, until: deadline)
        try await drain(until: deadline)
        throw PostgresError(.query, "\(target): COPY was given up: \(PostgresError.oneLine(reason))")
    }

    private mutating func putEnd(
        _ reason: String?, until deadline: ContinuousClock.Instant
    ) async throws(PostgresError) {
        while true {
            let handle = try usableHandle()
            switch PQputCopyEnd(handle, reason) {
            case 1:
                try await flush(until: deadline)
                return
            case 0:
                try await wait(for: .readOrWrite, until: deadline, doing: "ending COPY")
                guard PQconsumeInput(handle) == 1 else { throw lost() }
            default:
                // The server ended the copy before us: its error comes with the result.
                guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
                return
            }
        }
    }

    /// Takes and throws away all results; drops the connection where that never ends, which is inside another COPY.
    private mutating func drain(until deadline: ContinuousClock.Instant) async throws(PostgresError) {
        while let result = try await nextResult(until: deadline) {
            let status = PQresultStatus(result)
            PQclear(result)
            if [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(status) { return drop() }
        }
    }
}
