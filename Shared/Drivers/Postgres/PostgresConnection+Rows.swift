import CLibpq

extension PostgresConnection {
    /// Runs a statement and lends its rows one at a time as they arrive, so that an answer larger than memory should hold
    /// (statement texts, say) never is in memory.
    ///
    /// - Parameter body: gets a result of exactly one row. When it throws, the rest is read and thrown away, so that the
    ///   connection stays usable; the error is then `.query` with its words.
    /// - Returns: how many rows there were.
    @discardableResult
    public mutating func forEachRow(
        _ sql: String, _ parameters: [PostgresValue] = [], timeout: Duration = .seconds(30),
        _ body: (borrowing QueryResult) throws -> Void
    ) async throws(PostgresError) -> Int {
        let bound = try BoundParameters(parameters)
        let deadline = ContinuousClock.now + timeout
        let handle = try usableHandle()
        guard bound.send(sql, over: handle) == 1 else { throw lost() }
        // Has to come between the statement and its first result; by default libpq gathers the whole answer.
        guard PQsetSingleRowMode(handle) == 1 else { throw lost() }
        try await flush(until: deadline)
        var count = 0
        var failure: PostgresError?
        while let pointer = try await nextResult(until: deadline) {
            let status = PQresultStatus(pointer)
            let result = QueryResult(pointer, target: target)
            switch status {
            case PGRES_SINGLE_TUPLE:
                count += 1
                if failure != nil { continue }
                do {
                    try body(result)
                } catch let error as PostgresError {
                    failure = error
                } catch {
                    failure = PostgresError(.query, "\(target): the rows were given up: \(error)")
                }
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                drop()
                throw PostgresError(.query, "\(target): COPY was sent as a query: use copyIn")
            default: failure = failure ?? PostgresError.refused(by: target, result: pointer)
            }
        }
        if let failure { throw failure }
        return count
    }
}
