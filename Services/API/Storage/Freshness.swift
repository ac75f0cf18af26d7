import Postgres

/// Through when what is stored is complete.
enum Freshness {
    /// The newest time of one instance; nil when nothing of it has arrived.
    static func of(instance: String, _ connection: inout PostgresConnection, timeout: Duration) async throws -> Int64? {
        let result = try await connection.query(
            "SELECT data_through FROM api.freshness WHERE instance = $1", [.text(instance)], timeout: timeout)
        return result.rowCount == 1 ? try result.timestamp(0, 0) : nil
    }

    /// The newest time of any instance.
    static func newest(_ connection: inout PostgresConnection, timeout: Duration) async throws -> Int64? {
        let result = try await connection.query("SELECT max(data_through) FROM api.freshness", timeout: timeout)
        return try result.timestamp(0, 0)
    }

    /// Fails with 404 when there is no such instance.
    static func require(instance: String, _ connection: inout PostgresConnection, timeout: Duration) async throws {
        let result = try await connection.query(
            "SELECT 1 FROM api.instances WHERE instance = $1", [.text(instance)], timeout: timeout)
        guard result.rowCount == 1 else {
            throw Problem.notFound("There is no such server.", remedy: "GET /api/v1/servers lists them.")
        }
    }
}
