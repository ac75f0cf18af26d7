extension PostgresConnection {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// A connection that was dropped, or whose rollback fails, needs no rollback: the server does it.
    public mutating func transaction<T>(
        timeout: Duration = .seconds(30), _ body: (inout PostgresConnection) async throws -> T
    ) async throws -> T {
        try await execute("BEGIN", timeout: timeout)
        let value: T
        do {
            value = try await body(&self)
        } catch {
            await rollBack(timeout: timeout)
            throw error
        }
        // COMMIT of a transaction in which a statement failed answers ROLLBACK, without an error.
        let result = try await query("COMMIT", timeout: timeout)
        guard result.commandTag == "COMMIT" else {
            throw PostgresError(
                .query, "\(target): the transaction was rolled back because a statement in it had failed",
                sqlState: "25P02")
        }
        return value
    }

    /// Rolls back, or drops the connection when that does not work.
    mutating func rollBack(timeout: Duration) async {
        guard handle != nil else { return }
        do throws(PostgresError) {
            try await execute("ROLLBACK", timeout: timeout)
        } catch {
            drop()
        }
    }
}
