import Postgres
import Support
import Testing

extension WithPostgres {
    @Suite struct Queries {
        @Test func `Every kind of number comes as the number it is`() async throws {
            var connection = try await connect()
            let r = try await connection.query(
                """
                SELECT 7::int2, -8::int4, 9223372036854775807::int8, 4294967295::oid, '42'::xid, true,
                       -9223372036854775808::numeric, 12345678901234567890::numeric, 1.5::numeric,
                       1.25::float4, -2.5e300::float8, '16/B374D848'::pg_lsn, NULL::int4
                """)
            #expect(r.rowCount == 1 && r.columnCount == 13)
            #expect(try r.int(0, 0) == 7)
            #expect(try r.int(0, 1) == -8)
            #expect(try r.int(0, 2) == .max)
            #expect(try r.int(0, 3) == 4_294_967_295)
            #expect(try r.int(0, 4) == 42)
            #expect(try r.int(0, 5) == 1)
            #expect(try r.bool(0, 5) == true)
            #expect(try r.int(0, 6) == .min)
            #expect(throws: PostgresError.self) { try r.int(0, 7) }
            #expect(try r.double(0, 7) == 12_345_678_901_234_567_168)
            #expect(throws: PostgresError.self) { try r.int(0, 8) }
            #expect(try r.double(0, 8) == 1.5)
            #expect(try r.double(0, 9) == 1.25)
            #expect(try r.double(0, 10) == -2.5e300)
            #expect(try r.int(0, 11) == 0x16_B374_D848)
            #expect(try r.text(0, 11) == "16/B374D848")
            #expect(try r.int(0, 12) == nil)
            #expect(r.isNull(0, 12) == true)
        }

        @Test func `A numeric becomes the same double and text that the server makes of it`() async throws {
            var connection = try await connect()
            let r = try await connection.query(
                """
                SELECT n, n::float8, n::text FROM unnest(ARRAY[0, 1, -1, 0.1, 0.0001, 0.00001, 1e-20, 123.456,
                    99999999.99999999, 123456789012345678.9012345, 1e100, -7.0000, 10000, 100000000, 0.00010000,
                    4503599627370497.5, 9007199254740993, 'NaN'::numeric]::numeric[]) AS n
                """)
            for row in 0..<r.rowCount {
                let ours = try #require(try r.double(row, 0))
                let theirs = try #require(try r.double(row, 1))
                #expect(ours == theirs || (ours.isNaN && theirs.isNaN), "row \(row)")
                #expect(try r.text(row, 0) == r.text(row, 2))
            }
        }

        @Test func `Texts of every sort come as texts`() async throws {
            var connection = try await connect()
            let r = try await connection.query(
                """
                SELECT 'grün'::text, 'x'::varchar, 'ab'::name, 'p'::"char", '{"a": 1}'::jsonb, '{"a": 1}'::json,
                       '10.1.2.3'::inet, '10.1.0.0/16'::cidr, 'fe80::1'::inet, '::ffff:0:1/64'::inet,
                       '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid, '2026-11-21 03:12:04.5+00'::timestamptz,
                       '1969-12-31 23:59:59'::timestamp, '0099-02-28'::date, 5::int4, ''::text
                """)
            let expected = [
                "grün", "x", "ab", "p", "{\"a\": 1}", "{\"a\": 1}", "10.1.2.3", "10.1.0.0/16", "fe80::1",
                "::ffff:0:1/64", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "2026-11-21T03:12:04.500000Z",
                "1969-12-31T23:59:59", "0099-02-28", "5", "",
            ]
            for (column, text) in expected.enumerated() { #expect(try r.text(0, column) == text) }
        }

        @Test func `Times come as microseconds since 1970 UTC`() async throws {
            var connection = try await connect()
            let r = try await connection.query(
                """
                SELECT '1970-01-01 00:00:00.000001+00'::timestamptz, '1999-12-31 23:59:59+00'::timestamptz,
                       'infinity'::timestamptz, interval '1 day 00:00:01.5', '2000-01-02'::date
                """)
            #expect(try r.timestamp(0, 0) == 1)
            #expect(try r.timestamp(0, 1) == 946_684_799_000_000)
            #expect(try r.timestamp(0, 2) == .max)
            #expect(try r.interval(0, 3) == 86_401_500_000)
            #expect(try r.timestamp(0, 4) == 946_771_200_000_000)
        }

        @Test func `Times that no count of microseconds holds come as the nearest extreme`() async throws {
            var connection = try await connect()
            let r = try await connection.query(
                """
                SELECT '5874897-12-31'::date, 'infinity'::date, '-infinity'::date, '-infinity'::timestamptz,
                       '294276-12-31 23:59:59+00'::timestamptz, interval '2147483647 days', interval '-2147483648 days',
                       interval '170000000 years', interval '-170000000 years'
                """)
            for column in [0, 1, 4] { #expect(try r.timestamp(0, column) == .max) }
            for column in [2, 3] { #expect(try r.timestamp(0, column) == .min) }
            for column in [5, 7] { #expect(try r.interval(0, column) == .max) }
            for column in [6, 8] { #expect(try r.interval(0, column) == .min) }
        }

        @Test func `A connection sums up how long its answers took and how large they were`() async throws {
            var connection = try await connect()
            var before = connection.cost
            _ = try await connection.query(
                "SELECT 1::bigint, 'abc'::text, NULL::text, 'four'::name, true FROM generate_series(1, 10)")
            #expect((connection.cost - before).bytes == 10 * (8 + 3 + 0 + 4 + 1))
            before = connection.cost
            _ = try await connection.query("SELECT 1::smallint FROM pg_sleep(0.2)")
            try await connection.execute("SELECT pg_sleep(0.2)")
            let slept = connection.cost - before
            #expect(slept.time >= .milliseconds(400) && slept.time < .seconds(10))
            #expect(slept.bytes == 2)
            // One that is given up took as long as it was waited for.
            before = connection.cost
            await #expect(throws: PostgresError.self) {
                _ = try await connection.query("SELECT pg_sleep(10)", timeout: .milliseconds(200))
            }
            let givenUp = connection.cost - before
            #expect(givenUp.time >= .milliseconds(200) && givenUp.time < .seconds(5))
        }

        @Test func `Parameters arrive as what they are`() async throws {
            var connection = try await connect()
            let r = try await connection.query(
                """
                SELECT $1::bigint, $2::float8, $3::text, $4::bytea, $5::timestamptz, $6::text[], $7::int8[],
                       $8::float8[], $9::jsonb->>'k', $10::bool, $11::text, $12::text[], $13::uuid
                """,
                [
                    .int(-5), .double(0.25), .text("it's \\ ok"), .bytes([0, 1, 255]), .timestamp(1_000_001),
                    .textArray(["a", "", "ü,{}"]), .intArray([1, -2]), .doubleArray([0.5]), .json(#"{"k": "v"}"#),
                    .bool(true), .null, .textArray([]), .text("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
                ])
            #expect(try r.int(0, 0) == -5)
            #expect(try r.double(0, 1) == 0.25)
            #expect(try r.text(0, 2) == "it's \\ ok")
            #expect(r.bytes(0, 3) == [0, 1, 255])
            #expect(try r.timestamp(0, 4) == 1_000_001)
            #expect(try r.textArray(0, 5) == ["a", "", "ü,{}"])
            #expect(try r.intArray(0, 6) == [1, -2])
            #expect(try r.doubleArray(0, 7) == [0.5])
            #expect(try r.text(0, 8) == "v")
            #expect(try r.bool(0, 9) == true)
            #expect(r.isNull(0, 10) == true)
            #expect(try r.textArray(0, 11) == [])
            #expect(try r.text(0, 12) == "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        }

        @Test func `A text with a zero byte is refused, not cut`() async throws {
            var connection = try await connect()
            do {
                _ = try await connection.query("SELECT $1", [.text("a\u{0}b")])
                Issue.record("it was taken")
            } catch {
                #expect(error.sqlState == "22021")
            }
            #expect(connection.isUsable == true)
        }

        @Test func `A refused statement leaves the connection usable`() async throws {
            var connection = try await connect()
            do {
                _ = try await connection.query("SELECT * FROM no_such_table")
                Issue.record("it was taken")
            } catch {
                #expect(error.code == .query && error.sqlState == "42P01" && !error.isRetriable)
                #expect(error.message.contains("no_such_table") && error.message.contains("127.0.0.1:"))
            }
            let r = try await connection.query("SELECT 1")
            #expect(try r.int(0, 0) == 1)
        }

        @Test func `A cell asked for as what it is not is an error that names the column`() async throws {
            var connection = try await connect()
            let r = try await connection.query("SELECT 'a'::text AS colour, point(1, 2) AS place")
            let error = #expect(throws: PostgresError.self) { try r.int(0, 0) }
            #expect(error?.code == .type && error?.message.contains("\"colour\"") == true)
            #expect(throws: PostgresError.self) { try r.text(0, 1) }
        }

        @Test func `A script runs whole or not at all`() async throws {
            var connection = try await connect()
            await #expect(throws: PostgresError.self) {
                try await connection.execute("CREATE TABLE half (a int); SELECT 1/0; CREATE TABLE half2 (a int)")
            }
            let r = try await connection.query("SELECT to_regclass('half') IS NULL")
            #expect(try r.bool(0, 0) == true)
        }

        @Test func `A large answer arrives whole`() async throws {
            var connection = try await connect()
            let r = try await connection.query("SELECT i, repeat('x', 100) FROM generate_series(1, 50000) AS i")
            #expect(r.rowCount == 50_000)
            #expect(try r.int(49_999, 0) == 50_000)
            #expect(try r.text(49_999, 1)?.utf8.count == 100)
        }

        @Test func `Rows are lent one by one, and giving up keeps the connection`() async throws {
            struct Enough: Error {}
            var connection = try await connect()
            var sum: Int64 = 0
            let count = try await connection.forEachRow("SELECT i FROM generate_series(1, $1) AS i", [.int(20_000)]) {
                sum += try $0.int(0, 0) ?? 0
            }
            #expect(count == 20_000 && sum == 200_010_000)
            var seen = 0
            await #expect(throws: PostgresError.self) {
                try await connection.forEachRow("SELECT i FROM generate_series(1, 20000) AS i") { _ in
                    seen += 1
                    if seen == 5 { throw Enough() }
                }
            }
            #expect(seen == 5)
            let refused = await #expect(throws: PostgresError.self) {
                try await connection.forEachRow("SELECT 1 / (i - 100) FROM generate_series(1, 200) AS i") { _ in }
            }
            #expect(refused?.sqlState == "22012")
            #expect(try await connection.forEachRow("SELECT 1 WHERE false") { _ in } == 0)
            #expect(connection.isUsable == true)
        }

        @Test func `COPY sent as a query is an error, not a hang`() async throws {
            var connection = try await connect()
            let error = await #expect(throws: PostgresError.self) {
                try await connection.execute("CREATE TEMP TABLE c (a int); COPY c FROM STDIN")
            }
            #expect(error?.message.contains("copyIn") == true)
            #expect(connection.isUsable == false)
        }

        @Test func `A transaction commits, and rolls back when its body throws`() async throws {
            struct Stop: Error {}
            var connection = try await connect()
            try await connection.execute("CREATE TEMP TABLE t (a int)")
            try await connection.transaction { try await $0.execute("INSERT INTO t VALUES (1)") }
            await #expect(throws: Stop.self) {
                try await connection.transaction {
                    try await $0.execute("INSERT INTO t VALUES (2)")
                    throw Stop()
                }
            }
            #expect(connection.isInTransaction == false)
            let r = try await connection.query("SELECT array_agg(a) FROM t")
            #expect(try r.intArray(0, 0) == [1])
        }

        @Test func `A commit that turned into a rollback is an error`() async throws {
            var connection = try await connect()
            await #expect(throws: PostgresError.self) {
                try await connection.transaction { try? await $0.execute("SELECT 1/0") }
            }
        }
    }
}
