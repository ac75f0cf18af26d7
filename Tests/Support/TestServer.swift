import Glibc
public import Postgres

/// A private PostgreSQL for tests: without fsync, for nothing here survives the test.
public enum TestServer {
    /// The one of the suite that runs now; see the suites' own traits.
    @TaskLocal public static var current: PrivatePostgres?

    /// Starts one.
    public static func start(configuration: [String: String] = [:]) async throws -> PrivatePostgres {
        var settings = ["fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"]
        for (name, value) in configuration { settings[name] = value }
        return try await PrivatePostgres.start(configuration: settings)
    }

    /// Runs `body` with a server that is stopped and removed after it.
    public static func with<T>(
        configuration: [String: String] = [:], _ body: (PrivatePostgres) async throws -> T
    ) async throws -> T {
        let server = try await start(configuration: configuration)
        do {
            let value = try await $current.withValue(server) { try await body(server) }
            await server.stop()
            return value
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Removes a folder and everything in it.
    public static func remove(_ directory: String) {
        guard let handle = opendir(directory) else { return }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        closedir(handle)
        for name in names where name != "." && name != ".." {
            let path = "\(directory)/\(name)"
            if unlink(path) != 0 { remove(path) }
        }
        rmdir(directory)
    }

    /// A new, empty database on the suite's server; its name is one nobody has.
    public static func database() async throws -> PostgresSettings {
        guard let server = current else { preconditionFailure("the suite lacks the trait that starts a server") }
        let name = "t" + String(UInt64.random(in: .min ... .max), radix: 36)
        var connection = try await PostgresConnection.open(server.settings())
        try await connection.execute("CREATE DATABASE \(name)")
        return server.settings(database: name)
    }
}
