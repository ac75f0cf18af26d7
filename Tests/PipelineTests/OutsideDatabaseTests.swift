import Postgres
import Runtime
import Support
import Testing

@testable import Operator

extension Pipeline {
    /// `pganalytics up` on a storage database that is not its own.
    @Suite struct OutsideDatabaseTests {
        private static let canLogIn =
            "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pganalytics\\_%' AND rolcanlogin"

        @Test func `A service's login keeps the hosts, the database and the TLS of the URL`() throws {
            for url in [
                "postgresql://own:secret@[::1]:5433,db2.example:5434/storage?sslmode=verify-full&sslrootcert=/etc/ca.pem",
                "postgresql://own@/storage?host=/run/postgresql&port=5433&target_session_attrs=read-write",
                "host=db.example dbname='a b' user=own options='-c search_path=x'",
            ] {
                let owner = try PostgresSettings(url: url)
                let login = try PostgresSettings(
                    url: ServiceLogins.string(owner, user: "pganalytics_writer", password: "it's \\ odd"))
                #expect(login.hosts == owner.hosts && login.database == owner.database)
                #expect(login.sslMode == owner.sslMode && login.parameters == owner.parameters)
                #expect(login.user == "pganalytics_writer" && login.password == "it's \\ odd")
            }
        }

        @Test func `Every service gets there as the URL says, and at the end none has a login any more`() async throws {
            try await TestServer.with { server in
                let database = try await TestServer.database()
                // The first of two hosts is away.
                let url =
                    "postgresql://postgres:\(server.password)@127.0.0.1:\(try LoopbackPort.free()),127.0.0.1:\(server.port)"
                    + "/\(database.database)?sslmode=disable"
                try await World.with(change: { $0.databaseURL = url }) { world in
                    try await world.cycles()
                    #expect(try await world.stored(Self.canLogIn) == 4)
                }
                #expect(try await World.number(Self.canLogIn, database) == 0)
            }
        }

        @Test func `Where one role cannot be given a login, none has one`() async throws {
            try await TestServer.with { server in
                let database = try await TestServer.database()
                var connection = try await PostgresConnection.open(database, timeout: .seconds(10))
                try await connection.execute("CREATE ROLE pganalytics_writer; CREATE ROLE pganalytics_analyzer")
                connection.close()
                let folder = try StackFolder(nil)
                defer { folder.removeIfOurs() }
                await #expect(throws: PostgresError.self) {
                    try await ServiceLogins.make(server.url(database: database.database), folder)
                }
                #expect(try await World.number(Self.canLogIn, database) == 0)
            }
        }

        @Test func `A database on which services have logins is left alone, with one line`() async throws {
            try await TestServer.with { server in
                let database = try await TestServer.database()
                var connection = try await PostgresConnection.open(database, timeout: .seconds(10))
                try await connection.execute("CREATE ROLE pganalytics_writer LOGIN PASSWORD 'theirs'")
                connection.close()
                try await withFolder { folder in
                    let file = "\(folder)/fleet.toml"
                    try writePrivately("[[server]]\nid = \"a\"\nhost = \"127.0.0.1\"\n", to: file)
                    var environment = Stack.environment
                    environment["DATABASE_URL"] = server.url(database: database.database)
                    let result = try await ChildProcess.run(
                        executable: Installation.binary("pganalytics"),
                        arguments: ["up", "--api-port", "0", "--servers", file], environment: environment)
                    #expect(result.status == .exited(1))
                    let lines = result.error.split(separator: "\n")
                    #expect(lines.count == 1, "\(result.error)")
                    for part in ["127.0.0.1:\(server.port)", "pganalytics_writer", "README.md", "NOLOGIN"] {
                        #expect(result.error.contains(part), "\(result.error)")
                    }
                    #expect(!result.error.contains(server.password))
                }
                // The password is still theirs, and nothing was made.
                let theirs = server.settings(
                    database: database.database, user: "pganalytics_writer", password: "theirs")
                #expect(try await World.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'api'", theirs) == 0)
            }
        }

        @Test func `Ports that are drawn together are all different`() throws {
            #expect(Set(try LoopbackPort.free(count: 400)).count == 400)
        }
    }
}
