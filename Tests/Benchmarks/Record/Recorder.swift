import Codec
import Foundation
import Postgres
import Runtime

/// Records what a collector would send of pg_stat_statements while a workload runs: the same columns and units, a table a cycle.
enum Recorder {
    /// How long the load runs before the first reading.
    static let warmUp = 40

    static func record(url: String, file: String, cycles: Int) async throws {
        var connection = try await PostgresConnection.open(try PostgresSettings(url: url), timeout: .seconds(10))
        var workload = Workload()
        print("making tables…")
        try await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", timeout: .seconds(10))
        try await connection.execute(workload.schema(), timeout: .seconds(300))
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("workload-\(getpid())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let load = try ChildProcess.spawn(
            executable: try ChildProcess.find("pgbench"),
            arguments: ["-n", "-c", "6", "-M", "prepared", "-R", "150", "-T", "\(warmUp + 20 + cycles * 10)"]
                + (try workload.scripts(in: directory)) + [url],
            stdout: .null, stderr: .null, processGroup: true)
        defer { load.kill(15) }
        print("loading for \(warmUp) s before the first reading…")
        try await Task.sleep(for: .seconds(warmUp))
        var deltas = StatementDeltas(serverVersion: Int32(connection.serverVersion))
        var tables: [Table] = []
        for cycle in 0...cycles {
            let result = try await connection.query(
                "SELECT clock_timestamp() AS now, d.datname AS database, u.rolname AS username, s.* "
                    + "FROM pg_stat_statements(false) s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles u ON u.oid = s.userid"
            )
            if let table = try deltas.table(result) {
                print("cycle \(cycle): \(table.rowCount) rows, \(table.encoded().count) bytes")
                tables.append(table)
            }
            if cycle < cycles { try await Task.sleep(for: .seconds(10)) }
        }
        try RecordedTables.write(tables, to: URL(fileURLWithPath: file))
    }
}
