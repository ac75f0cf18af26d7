import CLibpq
import Runtime

extension PostgresConnection {
    /// Runs one statement with parameters and returns its rows, all of them in memory: bound large answers in the SQL.
    ///
    /// - Throws: `.query` when the server refuses it (the connection stays usable), `.timeout` when `timeout` passes and
    ///   `.cancelled` when the task is cancelled (both drop the connection), `.connection` when it breaks.
    public mutating func query(
        _ sql: String, _ parameters: [PostgresValue] = [], timeout: Duration = .seconds(30)
    ) async throws(PostgresError) -> QueryResult {
        let bound = try BoundParameters(parameters)
        let start = ContinuousClock.now
        defer { cost.time += .now - start }
        let deadline = start + timeout
        guard bound.send(sql, over: try usableHandle()) == 1 else { throw lost() }
        try await flush(until: deadline)
        let result = QueryResult(try await lastResult(until: deadline), target: target)
        cost.bytes += result.valueBytes
        return result
    }

    /// Runs a script of several statements; what it returns is thrown away. Without a `BEGIN` in it the whole script is
    /// one transaction.
    public mutating func execute(_ script: String, timeout: Duration = .seconds(30)) async throws(PostgresError) {
        let start = ContinuousClock.now
        defer { cost.time += .now - start }
        let deadline = start + timeout
        guard PQsendQuery(try usableHandle(), script) == 1 else { throw lost() }
        try await flush(until: deadline)
        let result = try await lastResult(until: deadline)
        PQclear(result)
    }

    /// Sends what libpq has buffered. Reads meanwhile: a server that sends while we only write blocks both for ever.
    mutating func flush(until deadline: ContinuousClock.Instant) async throws(PostgresError) {
        while true {
            let handle = try usableHandle()
            switch PQflush(handle) {
            case 0: return
            case 1:
                try await wait(for: .readOrWrite, until: deadline, doing: "sending a statement")
                guard PQconsumeInput(handle) == 1 else { throw lost() }
            default: throw lost()
            }
        }
    }

    /// The next result, without blocking: `PQgetResult` is called only when libpq is not busy.
    mutating func nextResult(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> OpaquePointer? {
        let handle = try usableHandle()
        while PQisBusy(handle) == 1 {
            try await wait(for: .read, until: deadline, doing: "waiting for a statement's result")
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
        return PQgetResult(handle)
    }

    /// Takes every result up to the end of the statement or script; returns the last or throws the first error.
    mutating func lastResult(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> OpaquePointer {
        var last: OpaquePointer?
        var failure: PostgresError?
        do throws(PostgresError) {
            while let result = try await nextResult(until: deadline) {
                if let last { PQclear(last) }
                last = result
                switch PQresultStatus(result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: break
                case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                    // Asking for more results inside COPY never ends; COPY has a state of its own, `copyIn`.
                    drop()
                    failure = PostgresError(.query, "\(target): COPY was sent as a query: use copyIn")
                default:
                    failure = failure ?? PostgresError.refused(by: target, result: result)
                }
                if handle == nil { break }
            }
        } catch {
            if let last { PQclear(last) }
            // The server's last words (57P01: ended by an administrator) say more than the broken socket after them.
            throw failure ?? error
        }
        if let failure {
            if let last { PQclear(last) }
            if let handle, PQstatus(handle) == CONNECTION_BAD { drop() }
            throw failure
        }
        guard let last else { throw lost() }
        return last
    }
}
