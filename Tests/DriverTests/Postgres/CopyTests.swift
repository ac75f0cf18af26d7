import Postgres
import Runtime
import Support
import Synchronization
import Testing

extension WithPostgres {
    @Suite struct Copy {
        @Test func `A hundred thousand rows arrive as they were written`() async throws {
            var connection = try await connect()
            try await connection.execute(
                """
                CREATE TEMP TABLE wide (i bigint, d float8, t text, ts timestamptz, j jsonb, s int2, b bool, y bytea, n int4)
                """)
            var sent = 0
            let rows = try await connection.copyIn("COPY wide FROM STDIN (FORMAT binary)") { writer throws -> Bool in
                for _ in 0..<1000 {
                    let i = Int64(sent)
                    writer.row(columns: 9)
                    writer.int64(i)
                    writer.double(Double(i) / 3)
                    writer.text("row \(i)")
                    writer.timestamp(i * 1_000_000)
                    writer.jsonb("{\"i\": \(i)}")
                    writer.int16(Int16(i % 7))
                    writer.bool(i % 2 == 0)
                    writer.bytes([UInt8(i % 256)])
                    if i % 3 == 0 { writer.null() } else { writer.int32(Int32(i)) }
                    sent += 1
                }
                return sent < 100_000
            }
            #expect(rows == 100_000)
            let r = try await connection.query(
                """
                SELECT count(*), sum(i), count(*) FILTER (WHERE t = 'row ' || i AND d = i / 3::float8
                    AND ts = to_timestamp(i) AND (j->>'i')::bigint = i AND s = i % 7 AND b = (i % 2 = 0)
                    AND y = set_byte('\\x00'::bytea, 0, (i % 256)::int)
                    AND n IS NOT DISTINCT FROM CASE WHEN i % 3 = 0 THEN NULL ELSE i END) FROM wide
                """)
            #expect(try r.int(0, 0) == 100_000)
            #expect(try r.int(0, 1) == 4_999_950_000)
            #expect(try r.int(0, 2) == 100_000)
        }

        @Test func `A server that sends notices while it is written to does not block us`() async throws {
            let notices = Mutex(0)
            let logger = Logger(service: "test", level: .debug, sink: { _ in notices.withLock { $0 += 1 } })
            guard let server = TestServer.current else { return }
            var connection = try await PostgresConnection.open(server.settings(), logger: logger)
            try await connection.execute(
                """
                CREATE TEMP TABLE noisy (i bigint, t text);
                CREATE FUNCTION pg_temp.shout() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE NOTICE '% %', NEW.i, repeat('x', 2000); RETURN NEW; END $$;
                CREATE TRIGGER shout BEFORE INSERT ON noisy FOR EACH ROW EXECUTE FUNCTION pg_temp.shout();
                """)
            // 40 MB of notices against 40 MB of rows: more than both sockets' buffers hold.
            let rows = try await connection.copyIn("COPY noisy FROM STDIN (FORMAT binary)") { writer throws -> Void in
                for i in 0..<20_000 {
                    writer.row(columns: 2)
                    writer.int64(Int64(i))
                    writer.text(String(repeating: "y", count: 2000))
                }
            }
            #expect(rows == 20_000)
            #expect(notices.withLock { $0 } >= 20_000)
        }

        @Test func `A row the server refuses is its error, and nothing is stored`() async throws {
            var connection = try await connect()
            try await connection.execute("CREATE TEMP TABLE strict (a text, b int CHECK (b > 0))")
            do {
                _ = try await connection.copyIn("COPY strict FROM STDIN (FORMAT binary)") { writer throws -> Void in
                    for i in 1...10_000 {
                        writer.row(columns: 2)
                        writer.text(i == 9_999 ? "zero \u{0} byte" : String(repeating: "z", count: 200))
                        writer.int32(Int32(i))
                    }
                }
                Issue.record("it was taken")
            } catch {
                #expect(error.sqlState == "22021")
            }
            #expect(connection.isUsable == true)
            let r = try await connection.query("SELECT count(*) FROM strict")
            #expect(try r.int(0, 0) == 0)
        }

        @Test func `A writer that throws stores nothing and keeps the connection`() async throws {
            struct Enough: Error {}
            var connection = try await connect()
            try await connection.execute("CREATE TEMP TABLE e (a int)")
            await #expect(throws: PostgresError.self) {
                try await connection.copyIn("COPY e FROM STDIN (FORMAT binary)") { writer throws -> Void in
                    writer.row(columns: 1)
                    writer.int32(1)
                    throw Enough()
                }
            }
            let r = try await connection.query("SELECT count(*) FROM e")
            #expect(try r.int(0, 0) == 0)
        }

        @Test func `No rows is no error, and no table is one`() async throws {
            var connection = try await connect()
            try await connection.execute("CREATE TEMP TABLE empty (a int)")
            #expect(try await connection.copyIn("COPY empty FROM STDIN (FORMAT binary)") { _ throws -> Void in } == 0)
            let error = await #expect(throws: PostgresError.self) {
                try await connection.copyIn("COPY nothing FROM STDIN (FORMAT binary)") { _ throws -> Void in }
            }
            #expect(error?.sqlState == "42P01")
            let wrong = await #expect(throws: PostgresError.self) {
                try await connection.copyIn("SELECT 1") { _ throws -> Void in }
            }
            #expect(wrong?.code == .query)
            #expect(connection.isUsable == true)
        }

        @Test(.timeLimit(.minutes(1))) func `A COPY the other way is refused, and costs the connection`() async throws {
            var connection = try await connect()
            let error = await #expect(throws: PostgresError.self) {
                try await connection.copyIn("COPY (SELECT 1) TO STDOUT") { _ throws -> Void in }
            }
            #expect(error?.code == .query)
            #expect(error?.message.contains("COPY … FROM STDIN") == true)
            #expect(connection.isUsable == false)
        }
    }
}
