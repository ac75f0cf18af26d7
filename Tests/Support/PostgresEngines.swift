import Glibc
import Postgres
import Runtime

/// PostgreSQL servers of other majors, for tests that want several.
///
/// They come from `../shared/postgres` beside the checkout (or `postgres` in the folder that `PGA_TEST_SHARED` names), and
/// from the installations in `POSTGRES_HOMES`. Where there are none a test is skipped and says so; one that is found and
/// does not start is a failure.
public enum PostgresEngines {
    /// A server that runs.
    public struct Server: Sendable {
        /// 9 is 9.6.
        public let major: String
        /// A superuser's, in the database `postgres`.
        public let url: String
        fileprivate let directory: String
        fileprivate let script: String?
        fileprivate let own: PrivatePostgres?
    }

    /// The script that starts servers, if it is there.
    public static var script: String? {
        let folders = [ProcessEnvironment.all["PGA_TEST_SHARED"], checkout + "/../shared"].compactMap { $0 }
        return folders.map { "\($0)/postgres/server" }.first { access($0, X_OK) == 0 }
    }

    /// The folder of Package.swift: two above this file's.
    private static var checkout: String {
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    }

    /// The majors that can be had, oldest first.
    public static func majors() async -> [String] {
        var found: Set<String> = []
        if let script, let listed = try? await ChildProcess.run(executable: script, arguments: ["majors"]) {
            for word in listed.output.split(whereSeparator: { $0 == "\n" || $0 == " " }) { found.insert(String(word)) }
        }
        for home in homes { if let major = home.major { found.insert("\(major)") } }
        return found.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) }
    }

    /// Why there is nothing to test with, or nil.
    public static var missing: String? {
        script == nil && homes.isEmpty
            ? "no other PostgreSQL: neither ../shared/postgres beside the checkout, nor PGA_TEST_SHARED, nor POSTGRES_HOMES"
            : nil
    }

    private static var homes: [PostgresInstallation] {
        (ProcessEnvironment.all["POSTGRES_HOMES"] ?? "").split(separator: ":").compactMap {
            PostgresInstallation(binaries: "\($0)/bin")
        }
    }

    /// Runs `body` with a server of a major, which is removed after it.
    public static func with<T>(
        _ major: String, settings: [String: String] = [:], _ body: (Server) async throws -> T
    ) async throws -> T {
        let server = try await start(major, settings)
        do {
            let value = try await body(server)
            await remove(server)
            return value
        } catch {
            await remove(server)
            throw error
        }
    }

    /// Starts a server of a major; `remove` ends it.
    public static func start(_ major: String, _ settings: [String: String] = [:]) async throws -> Server {
        if let home = homes.first(where: { $0.major.map { "\($0)" } == major }) {
            var configuration = ["fsync": "off", "shared_preload_libraries": "pg_stat_statements"]
            for (name, value) in settings { configuration[name] = value }
            let own = try await PrivatePostgres.start(configuration: configuration, binaries: home.binaries)
            return Server(major: major, url: own.url(), directory: own.directory, script: nil, own: own)
        }
        guard let script else { throw PostgresError(.process, missing ?? "no server of major \(major)") }
        let directory = "/tmp/pga-engine-\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 36))"
        let options = settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
        let started = try await ChildProcess.run(
            executable: script, arguments: ["start", major, directory] + options)
        let url = started.output.split(separator: "\n").last.map(String.init) ?? ""
        guard started.status.isSuccess, url.hasPrefix("postgresql://") else {
            throw PostgresError(.process, "PostgreSQL \(major) does not start: \(started.output) \(started.error)")
        }
        return Server(major: major, url: url, directory: directory, script: script, own: nil)
    }

    /// Stops a server and removes its data.
    public static func remove(_ server: Server) async {
        if let own = server.own { await own.stop() }
        if let script = server.script {
            _ = try? await ChildProcess.run(executable: script, arguments: ["destroy", server.directory])
        }
    }
}
