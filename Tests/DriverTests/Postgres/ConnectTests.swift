import Postgres
import Support
import Testing

/// What can go wrong before the first statement, without a server.
@Suite struct ConnectTests {
    private func settings(_ port: Int, host: String = "127.0.0.1") -> PostgresSettings {
        PostgresSettings(
            host: host, port: port, user: "u", password: "s3cret", database: "d", sslMode: "disable")
    }

    private func failure(_ settings: PostgresSettings, timeout: Duration = .seconds(5)) async -> PostgresError? {
        do {
            let connection = try await PostgresConnection.open(settings, timeout: timeout)
            connection.close()
            return nil
        } catch {
            return error
        }
    }

    @Test func `Nobody listens: one line with the address and what to look at`() async {
        let error = await failure(settings(1))
        #expect(error?.code == .connection && error?.isRetriable == true)
        #expect(error?.message.contains("127.0.0.1:1/d as u") == true)
        #expect(error?.message.contains("Connection refused") == true && error?.message.contains("firewall") == true)
        #expect(error?.message.contains("\n") == false && error?.message.contains("s3cret") == false)
    }

    @Test func `A peer that accepts and says nothing costs no more than the deadline`() async throws {
        let server = try SilentServer()
        defer { server.stop() }
        let start = ContinuousClock.now
        let error = await failure(settings(server.port), timeout: .milliseconds(300))
        #expect(error?.code == .timeout)
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func `A peer that falls silent in the middle of a statement costs the connection`() async throws {
        let server = try SilentServer(replies: [SilentServer.welcome])
        defer { server.stop() }
        var connection = try await PostgresConnection.open(settings(server.port))
        do {
            _ = try await connection.query("SELECT 1", timeout: .milliseconds(200))
            Issue.record("it answered")
        } catch {
            #expect(error.code == .timeout && error.isRetriable)
        }
        #expect(connection.isUsable == false)
        do {
            _ = try await connection.query("SELECT 1")
            Issue.record("it answered")
        } catch {
            #expect(error.code == .closed)
        }
    }

    @Test func `A peer that stops reading COPY data costs no more than the deadline`() async throws {
        let copy = SilentServer.message("G", [1, 0, 1, 0, 1])
        let server = try SilentServer(replies: [SilentServer.welcome, copy])
        defer { server.stop() }
        var connection = try await PostgresConnection.open(settings(server.port))
        let start = ContinuousClock.now
        do {
            _ = try await connection.copyIn("COPY t FROM STDIN (FORMAT binary)", timeout: .milliseconds(500)) {
                writer throws -> Void in
                writer.row(columns: 1)
                writer.text("x")
            }
            Issue.record("it ended")
        } catch {
            #expect(error.code == .timeout)
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func `A peer that vanishes is a lost connection`() async throws {
        let server = try SilentServer(replies: [SilentServer.welcome, nil])
        defer { server.stop() }
        var connection = try await PostgresConnection.open(settings(server.port))
        do {
            _ = try await connection.query("SELECT 1")
            Issue.record("it answered")
        } catch {
            #expect(error.code == .connection && error.isRetriable)
        }
    }

    @Test func `A peer that speaks something else is an error, not a crash`() async throws {
        let server = try SilentServer(replies: [Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), nil])
        defer { server.stop() }
        let error = await failure(settings(server.port), timeout: .seconds(2))
        #expect(error != nil)
    }

    @Test func `Cancelling the task ends the wait`() async throws {
        let server = try SilentServer()
        defer { server.stop() }
        let settings = settings(server.port)
        let task = Task { await failure(settings, timeout: .seconds(60)) }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }

    @Test func `A name that does not exist is said to be one`() async {
        let error = await failure(settings(5432, host: "no-such-host.invalid"))
        #expect(error?.code == .connection || error?.code == .timeout)
        #expect(error?.message.contains("name") == true)
    }

    @Test func `The next host is tried when the first is silent`() async throws {
        let silent = try SilentServer()
        let good = try SilentServer(replies: [SilentServer.welcome])
        defer {
            silent.stop()
            good.stop()
        }
        var settings = settings(silent.port)
        settings.hosts = [.init(name: "127.0.0.1", port: silent.port), .init(name: "localhost", port: good.port)]
        let connection = try await PostgresConnection.open(settings, timeout: .seconds(10))
        #expect(connection.place.contains("localhost:\(good.port)") == true)
        #expect(connection.serverVersion == 170_000)
    }

    @Test func `No more attempts are made than are allowed, and those that were given up are counted`() async throws {
        let silent = try (0..<3).map { _ in try SilentServer() }
        let good = try SilentServer(replies: [SilentServer.welcome])
        defer {
            silent.forEach { $0.stop() }
            good.stop()
        }
        var settings = settings(silent[0].port)
        func hosts(_ ports: [Int]) -> [PostgresSettings.Host] { ports.map { .init(name: "127.0.0.1", port: $0) } }
        settings.hosts = hosts(silent.map(\.port) + [good.port])
        var attempts = ConnectAttempts(limit: 2)
        do {
            _ = try await PostgresConnection.open(settings, timeout: .milliseconds(600), attempts: &attempts)
            Issue.record("it connected")
        } catch {
            #expect(error.code == .timeout && error.message.contains(":\(silent[1].port)"))
        }
        #expect(attempts.abandoned == 2 && attempts.turn == 2)

        // Who refuses leaves nothing behind; who does not answer does, also when the next one does.
        settings.hosts = hosts([1, silent[0].port, 1, good.port])
        attempts = ConnectAttempts(limit: 2)
        let connection = try await PostgresConnection.open(settings, timeout: .seconds(2), attempts: &attempts)
        #expect(attempts.abandoned == 1 && connection.isUsable)
        connection.close()
    }

    @Test func `The next opening begins behind the addresses that did not answer`() {
        var attempts = ConnectAttempts(limit: 2)
        #expect(attempts.ordered(["a", "b", "c"]) == ["a", "b", "c"])
        attempts.abandon()
        attempts.abandon()
        #expect(!attempts.isAnyLeft)
        attempts = ConnectAttempts(limit: 0, turn: attempts.turn)
        #expect(attempts.isAnyLeft)
        #expect(attempts.ordered(["a", "b", "c"]) == ["c", "a", "b"])
        #expect(attempts.ordered(["a"]) == ["a"] && attempts.ordered([String]()).isEmpty)
    }

    @Test func `A URL is read, and never shown with its password`() throws {
        let settings = try PostgresSettings(
            url:
                "postgresql://me:p%40ss@db1:5433,db2:5434/shop?sslmode=require&application_name=x&target_session_attrs=any"
        )
        #expect(settings.hosts == [.init(name: "db1", port: 5433), .init(name: "db2", port: 5434)])
        #expect(settings.user == "me" && settings.password == "p@ss" && settings.database == "shop")
        #expect(settings.sslMode == "require" && settings.applicationName == "x")
        #expect(settings.parameters == ["target_session_attrs": "any"])
        #expect("\(settings)" == "postgresql://me@db1:5433,db2:5434/shop")
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("p@ss") && !String(reflecting: settings).contains("p@ss"))
        #expect(try PostgresSettings(url: "host=/run/pg user=u dbname=d").hosts == [.init(name: "/run/pg", port: 5432)])
    }

    @Test func `A URL that makes no sense is an error without the password`() {
        for url in [
            "postgresql://me:hunter2%zz@db/shop", "postgresql://me:hunter2@db:99999/shop", "host=db password='hunter2",
            "postgresql://me:hunter2@db/shop?nonsense=hunter2", "host=a,b port=1,2,3 password=hunter2",
        ] {
            let error = #expect(throws: PostgresError.self) { try PostgresSettings(url: url) }
            #expect(error?.code == .settings && error?.message.contains("hunter2") == false, "\(url)")
        }
    }
}

extension WithPostgres {
    @Suite struct Refusals {
        private func failure(_ change: (inout PostgresSettings) -> Void) async throws -> PostgresError? {
            guard let server = TestServer.current else { return nil }
            var settings = server.settings()
            change(&settings)
            do {
                let connection = try await PostgresConnection.open(settings)
                connection.close()
                return nil
            } catch {
                return error
            }
        }

        @Test func `A wrong password is said to be one`() async throws {
            let error = try await failure { $0.password = "wrong-one" }
            #expect(error?.code == .authentication && error?.sqlState == "28P01" && error?.isRetriable == false)
            #expect(error?.message.contains("wrong password") == true && error?.message.contains("wrong-one") == false)
        }

        @Test func `No password where one is asked for is said`() async throws {
            let error = try await failure { $0.password = nil }
            #expect(error?.code == .authentication && error?.message.contains("none was given") == true)
        }

        @Test func `A database that is not there is said with the remedy`() async throws {
            let error = try await failure { $0.database = "nowhere" }
            #expect(error?.sqlState == "3D000" && error?.message.contains("create the database \"nowhere\"") == true)
        }

        @Test func `A missing grant is said with the role`() async throws {
            var connection = try await connect()
            try await connection.execute(
                "CREATE TABLE secret (a int); CREATE ROLE nobody_in_particular; SET ROLE nobody_in_particular")
            let error = await #expect(throws: PostgresError.self) {
                _ = try await connection.query("SELECT * FROM secret")
            }
            #expect(error?.sqlState == "42501" && error?.message.contains("grant") == true)
        }

        @Test func `TLS asked of a server that has none is said`() async throws {
            let error = try await failure { $0.sslMode = "require" }
            #expect(error?.code == .connection && error?.message.contains("sslmode") == true)
        }

        @Test func `Settings of the session arrive, blanks and all`() async throws {
            guard let server = TestServer.current else { return }
            var settings = server.settings()
            settings.options = ["statement_timeout": "1234ms", "application_name": "a b\\c"]
            var connection = try await PostgresConnection.open(settings)
            let r = try await connection.query(
                "SELECT current_setting('statement_timeout'), current_setting('application_name')")
            #expect(try r.text(0, 0) == "1234ms")
            #expect(try r.text(0, 1) == "a b\\c")
        }

        @Test func `A session ended by an administrator is a lost connection`() async throws {
            var connection = try await connect()
            var other = try await connect()
            _ = try await other.query("SELECT pg_terminate_backend($1::int)", [.int(Int64(connection.backendPID))])
            let error = await #expect(throws: PostgresError.self) {
                _ = try await connection.query("SELECT pg_sleep(1)")
            }
            #expect(error?.code == .connection && error?.isRetriable == true)
            #expect(connection.isUsable == false)
        }

        @Test func `A deadline of ours drops the connection`() async throws {
            var connection = try await connect()
            let error = await #expect(throws: PostgresError.self) {
                _ = try await connection.query("SELECT pg_sleep(30)", timeout: .milliseconds(100))
            }
            #expect(error?.code == .timeout)
            #expect(connection.isUsable == false)
        }
    }
}
