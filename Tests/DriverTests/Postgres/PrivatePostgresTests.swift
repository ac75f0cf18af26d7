import Glibc
import Postgres
import Support
import Testing

@Suite struct PrivatePostgresTests {
    @Test func `What was committed survives a kill, and nothing is left after the stop`() async throws {
        let server = try await PrivatePostgres.start()
        var connection = try await PostgresConnection.open(server.settings())
        try await connection.execute("CREATE TABLE kept AS SELECT 1 AS a")
        let pid = try #require(server.pid)
        await server.killNow()
        #expect(server.pid == nil && kill(pid, 0) != 0)
        let error = await #expect(throws: PostgresError.self) { _ = try await connection.query("SELECT 1") }
        #expect(error?.isRetriable == true)
        try await server.restart()
        connection = try await PostgresConnection.open(PostgresSettings(url: server.url()))
        let rows = try await connection.query("SELECT a, current_setting('listen_addresses') FROM kept")
        #expect(try rows.int(0, 0) == 1)
        #expect(try rows.text(0, 1) == "127.0.0.1")
        await server.stop()
        #expect(access(server.directory, F_OK) != 0)
    }

    @Test func `A directory that is given is kept, and used again with its password`() async throws {
        let directory = "/tmp/pga-kept-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let first = try await PrivatePostgres.start(directory: directory, configuration: ["fsync": "off"])
        var connection = try await PostgresConnection.open(first.settings())
        try await connection.execute("CREATE TABLE kept (a int)")
        connection.close()
        await first.stop()
        let second = try await PrivatePostgres.start(directory: directory, configuration: ["fsync": "off"])
        #expect(second.password == first.password)
        connection = try await PostgresConnection.open(second.settings())
        _ = try await connection.query("SELECT * FROM kept")
        await second.stop()
        #expect(access("\(directory)/data/PG_VERSION", F_OK) == 0)
        await #expect(throws: PostgresError.self) {
            _ = try await PrivatePostgres.start(directory: directory, password: "another")
        }
        TestServer.remove(directory)
    }

    @Test func `A setting that the server refuses is told with the server's words`() async throws {
        do {
            let server = try await PrivatePostgres.start(configuration: ["no_such_setting": "1"])
            await server.stop()
            Issue.record("it started")
        } catch {
            #expect(error.code == .process && error.message.contains("no_such_setting"))
        }
    }
}
