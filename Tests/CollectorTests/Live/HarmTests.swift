import Codec
import Glibc
import Postgres
import Runtime
import Testing

@testable import Collector

/// What is missing or broken is one clear line and the rest goes on; and the server takes no harm.
@Suite(.serialized, .enabled(if: LiveServer.script != nil, "the engines' script was not found (PGA_TEST_SHARED)"))
struct HarmTests {
    private func with(_ major: String = "17", _ settings: [String] = [], _ body: (LiveServer) async throws -> Void)
        async throws
    {
        let server = try await LiveServer.start(
            LiveServer.majors.contains(major) ? major : LiveServer.majors.last!, settings)
        var failure: (any Error)?
        do {
            try await server.execute("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor")
            try await body(server)
        } catch {
            failure = error
        }
        await server.destroy()
        if let failure { throw failure }
    }

    private func last(_ collector: LiveCollector, _ family: String, _ server: String) async throws -> [String: String] {
        // On a busy machine a family is asked more seldom: the last cycle need not have it.
        for table in try await collector.tables("cycle_family", server).reversed() {
            if let row = (0..<table.rowCount).map({ table.row($0) }).first(where: { $0["family"] == family }) {
                return row
            }
        }
        return [:]
    }

    @Test func `Each thing that is missing is one line, and the others go on`() async throws {
        try await with { server in
            try await server.execute("CREATE ROLE poor LOGIN; CREATE ROLE locked LOGIN PASSWORD 'canary-right'")
            try await server.execute("CREATE DATABASE other")
            // The engines trust everybody on loopback; this role has to show its password.
            let file = server.directory + "/data/pg_hba.conf"
            try CollectorProcess.write("host all locked 127.0.0.1/32 md5\n" + CollectorProcess.read(file), to: file)
            chmod(file, 0o644)
            try await server.execute("SELECT pg_reload_conf()")
            var wrong = LiveCollector.server("wrong", port: server.port, user: "locked")
            wrong.password = "canary-wrong"
            let away = LiveCollector.server("away", port: 1)
            var noExtension = LiveCollector.server("no-extension", port: server.port)
            noExtension.database = "other"
            let poor = LiveCollector.server("poor", port: server.port, user: "poor")
            // Of a role and address there are two connections at most.
            var noDatabase = LiveCollector.server("no-database", port: server.port, user: "poor")
            noDatabase.database = "missing"
            let fine = LiveCollector.server("fine", port: server.port)
            let collector = LiveCollector()
            try collector.start([wrong, away, noExtension, poor, noDatabase, fine])
            for id in ["wrong", "away", "no-database"] {
                try await collector.wait("a cycle of \(id)") { try await collector.tables("cycle", id).count >= 2 }
            }
            for id in ["no-extension", "poor", "fine"] { try await collector.settle("connections", id) }

            func cycle(_ id: String) async throws -> [String: String] {
                try #require(try await collector.tables("cycle", id).last).row(0)
            }
            let refused = try await cycle("wrong")
            #expect(refused["up"] == "0" && refused["outcome"] == "authentication_failed")
            #expect(refused["message"]?.contains("wrong password") == true)
            let unreachable = try await cycle("away")
            #expect(unreachable["up"] == "0" && unreachable["outcome"] == "unreachable")
            #expect(try await cycle("no-database")["outcome"] == "database_missing")
            #expect(try await cycle("fine")["up"] == "1")
            let missing = try await last(collector, "statements", "no-extension")
            #expect(
                missing["outcome"] == "extension_missing" && missing["message"]?.contains("CREATE EXTENSION") == true)
            #expect(try await last(collector, "database", "no-extension")["outcome"] == "ok")
            let limited = try await last(collector, "statements", "poor")
            #expect(
                limited["outcome"] == "permission_limited"
                    && limited["message"]?.contains("GRANT pg_monitor TO poor") == true)
            for family in ["connections", "lock_waits", "activity"] {
                let outcome = try await last(collector, family, "poor")
                #expect(outcome["outcome"] == "permission_limited", "\(family)")
            }
            // What is hidden is no zero, and what nobody can know does not arrive.
            let visible = try #require(try await collector.tables("connections", "poor").last).row(0)
            #expect(Set(visible.keys) == ["total", "max_connections", "reserved"])
            #expect(try #require(visible["total"].flatMap { Int64($0) }) >= 3)
            #expect(try await collector.tables("lock_waits", "poor").isEmpty)
            #expect(try await last(collector, "connections", "fine")["outcome"] == "ok")
            // Made good while it runs: found without a restart.
            try await server.execute("CREATE EXTENSION pg_stat_statements", database: "other")
            try await collector.wait("the extension is found") {
                try await last(collector, "statements", "no-extension")["outcome"] == "ok"
            }
            await collector.stop()
            for id in ["wrong", "away", "no-database"] {
                #expect(
                    collector.log.count { $0.contains("server.id=\(id)") && $0.contains("cannot be read") } == 1,
                    "\(id)")
            }
            #expect(!collector.log.contains { $0.contains("canary") })
            for message in await collector.messages() {
                #expect(!String(decoding: message.message.payload, as: UTF8.self).contains("canary"))
            }
        }
    }

    @Test func `Not preloaded is said with its remedy`() async throws {
        try await with("16", ["shared_preload_libraries="]) { server in
            let collector = LiveCollector()
            try collector.start([LiveCollector.server("one", port: server.port)])
            try await collector.wait("the outcome") {
                try await last(collector, "statements", "one")["outcome"] == "not_preloaded"
            }
            #expect(
                try await last(collector, "statements", "one")["message"]?.contains("shared_preload_libraries") == true)
            #expect(try await last(collector, "activity", "one")["outcome"] == "ok")
            await collector.stop()
        }
    }

    @Test func `Secrets in statements reach no table, no text and no log`() async throws {
        try await with { server in
            for (place, statement) in [
                "CREATE ROLE someone PASSWORD 'canary-one'", "ALTER ROLE someone PASSWORD E'canary\\'two'",
                "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null # canary-three'",
                "DO $x$ BEGIN PERFORM 'canary-four'; END $x$",
                "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''canary-five'''",
                "SET application_name = 'canary-six'",
                "SELECT 'canary-seven' /* canary-eight */ -- canary-nine\n", "COMMENT ON ROLE someone IS 'canary-ten'",
                "CREATE TABLE c (a text DEFAULT 'canary-eleven')",
                "SELECT 1 FROM c WHERE a = 'canary-12' AND canary_missing",
                "PREPARE p AS SELECT 'canary-13'", "NOTIFY x, 'canary-14'",
            ].enumerated() {
                // The statement that fails is the last but two.
                do { try await server.execute(statement) } catch { #expect(place == 9, "\(error)") }
            }
            let seen = try await server.numbers("SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%canary%'")
            #expect(seen[0] > 6)  // they really are there
            let collector = LiveCollector()
            try collector.start([LiveCollector.server("one", port: server.port)])
            try await collector.wait("texts") { try await collector.statements().count > 12 }
            try await collector.settle()
            let texts = try await collector.statements().map(\.text)
            #expect(texts.contains { $0.contains("PASSWORD") } && texts.contains { $0.contains("COPY") })
            for message in await collector.messages() {
                #expect(!String(decoding: message.message.payload, as: UTF8.self).contains("canary"))
            }
            #expect(!collector.log.contains { $0.contains("canary") })
            await collector.stop()
        }
    }

    @Test func `A server that hangs never has more than two of our backends`() async throws {
        try await with { server in
            var settings = LiveCollector.server("one", port: server.port)
            settings.statementTimeout = .milliseconds(500)
            let collector = LiveCollector()
            try collector.start([settings])
            try await collector.settle("connections")
            // Every backend stops in its tracks; the kernel goes on accepting.
            try await server.pause()
            try await collector.wait("it is said to be down") {
                try await collector.tables("cycle").last?.integer("up", 0) == 0
            }
            try await collector.wait("no third connection is tried", atMost: .seconds(40)) {
                try await collector.tables("cycle").last?.string("outcome", 0) == "backends_taken"
            }
            let backends = try await collector.tables("cycle").map { $0.integer("backends", 0) ?? 0 }
            #expect(backends.max()! <= 2)
            try await server.resume()
            let sessions = try await server.numbers("SELECT count(*) FROM pg_stat_activity WHERE usename = 'monitor'")
            #expect(sessions[0] <= 2)
            await collector.stop()
        }
    }

    @Test func `An exclusive lock on what is read is not waited for`() async throws {
        try await with { server in
            let collector = LiveCollector()
            try collector.start([LiveCollector.server("one", port: server.port)])
            try await collector.settle()
            var holder = try await server.connect()
            try await holder.execute(
                "BEGIN; LOCK TABLE pg_stat_statements, pg_stat_statements_info IN ACCESS EXCLUSIVE MODE")
            // The functions are asked and not the views: there is nothing to wait for.
            try await collector.settle()
            #expect(try await last(collector, "statements", "one")["outcome"] == "ok")
            try await holder.execute(
                "ROLLBACK; BEGIN; LOCK TABLE pg_catalog.pg_db_role_setting, pg_catalog.pg_class IN ACCESS EXCLUSIVE MODE"
            )
            try await collector.settle("cycle")
            let cycle = try #require(try await collector.tables("cycle").last)
            // A wait for the lock would last until statement_timeout, which is 5 s.
            #expect(cycle.integer("up", 0) == 1 && cycle.integer("duration", 0)! < 5_000_000)
            let waiting = try await collector.tables("connections").last?.integer("longest_lock_wait", 0)
            #expect(waiting ?? 0 < 1_000_000)
            try await holder.execute("ROLLBACK")
            await collector.stop()
        }
    }

    @Test func `Evictions cost no call that anybody could have read`() async throws {
        try await with("16", ["pg_stat_statements.max=100", "pg_stat_statements.track_utility=off"]) { server in
            let collector = LiveCollector()
            try collector.start([LiveCollector.server("one", port: server.port)])
            try await collector.settle()
            try await server.execute("CREATE TABLE kept (a int)")
            var connection = try await server.connect()
            for round in 0..<6 {
                // Often enough called never to be evicted.
                for _ in 0..<200 { _ = try await connection.query("SELECT count(*) FROM kept") }
                for number in 0..<60 {
                    _ = try await connection.query(
                        "SELECT \((0...(round * 60 + number)).map { _ in "a" }.joined(separator: ", ")) FROM kept")
                }
            }
            try await collector.settle()
            let direct = try await server.numbers(
                "SELECT queryid, calls FROM pg_stat_statements WHERE query = 'SELECT count(*) FROM kept'")
            var sum: Int64 = 0
            var evicted = 0
            for table in try await collector.tables("statements") {
                for row in 0..<table.rowCount where table.integer("queryid", row) == direct[0] {
                    sum += table.integer("calls", row) ?? 0
                }
                evicted += table.quality?.count { $0 == .evicted } ?? 0
            }
            #expect(sum == direct[1] && sum == 1_200)
            #expect(evicted > 0)
            #expect(try await server.numbers("SELECT dealloc FROM pg_stat_statements_info")[0] > 0)
            await collector.stop()
        }
    }

    @Test func `The extension may live in any schema, and texts above their budget are left alone`() async throws {
        try await with { server in
            try await server.execute(
                "DROP EXTENSION pg_stat_statements; CREATE SCHEMA \"odd \"\"name\"; CREATE EXTENSION pg_stat_statements SCHEMA \"odd \"\"name\"; GRANT USAGE ON SCHEMA \"odd \"\"name\" TO monitor; GRANT EXECUTE ON FUNCTION pg_stat_file(text) TO monitor"
            )
            var settings = LiveCollector.server("one", port: server.port)
            settings.textBytes = 10
            let collector = LiveCollector()
            try collector.start([settings])
            try await collector.settle()
            #expect(try await last(collector, "statements", "one")["outcome"] == "ok")
            try await collector.wait("the texts are found too large") {
                try await last(collector, "statement_texts", "one")["outcome"] == "texts_too_large"
            }
            await collector.stop()
            #expect(try await collector.statements().isEmpty)
        }
    }

    @Test func `check says what is missing and how to mend it`() async throws {
        try await with { server in
            try await server.execute("CREATE ROLE poor LOGIN")
            try await server.execute(
                "ALTER ROLE monitor CONNECTION LIMIT 2; ALTER ROLE monitor SET pg_stat_statements.track = 'none'")
            let good = await ServerCheck.run(LiveCollector.server("good", port: server.port))
            #expect(good.count(.error) == 0 && good.count(.warning) == 0, "\(good.text)")
            #expect(good.text.contains("GRANT EXECUTE ON FUNCTION pg_stat_file(text) TO monitor;"))
            let poor = await ServerCheck.run(LiveCollector.server("poor", port: server.port, user: "poor"))
            #expect(
                poor.text.contains("GRANT pg_monitor TO poor;")
                    && poor.text.contains("ALTER ROLE poor CONNECTION LIMIT 2;"))
            #expect(poor.count(.error) == 0)
            try await server.execute("DROP EXTENSION pg_stat_statements")
            let bare = await ServerCheck.run(LiveCollector.server("bare", port: server.port))
            #expect(bare.count(.error) == 1 && bare.text.contains("CREATE EXTENSION pg_stat_statements"))
            let away = await ServerCheck.run(LiveCollector.server("away", port: 1))
            #expect(away.count(.error) == 1)
        }
    }
}
