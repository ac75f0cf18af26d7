import SQL
import Testing

/// No literal leaves: neither of statements that parse nor of anything else.
@Suite struct RedactTests {
    /// Whether a literal of a utility statement becomes a parameter or is masked differs between libpg_query 15 and 17.
    private func check(_ text: String, _ expected: String, _ location: SourceLocation = #_sourceLocation) {
        func alike(_ text: String) -> String {
            text.replacing("'***'", with: "_").replacing(/\$[0-9]+/, with: "_").replacing("?", with: "_")
        }
        #expect(alike(SQL.redact(text)) == alike(expected), sourceLocation: location)
    }

    @Test func `Queries keep their shape`() {
        #expect(
            SQL.redact("SELECT 'canary', 42 FROM t1 WHERE \"Id\" = $1") == "SELECT $2, $3 FROM t1 WHERE \"Id\" = $1")
        check("SELECT a::varchar(10) FROM t", "SELECT a::varchar(?) FROM t")
        check("SELECT 1 -- canary\nFROM t /* canary /* canary */ */ WHERE x", "SELECT $1 \nFROM t   WHERE x")
    }

    @Test func `Utility statements lose their literals`() {
        check("CREATE ROLE a PASSWORD 'canary'", "CREATE ROLE a PASSWORD $1")
        check(
            "ALTER USER a WITH PASSWORD E'ca\\'nary' CONNECTION LIMIT 7",
            "ALTER USER a WITH PASSWORD $1 CONNECTION LIMIT ?")
        check("COPY t FROM PROGRAM 'curl -u me:canary x'", "COPY t FROM PROGRAM '***'")
        check(
            "CREATE SUBSCRIPTION s CONNECTION 'password=canary' PUBLICATION p",
            "CREATE SUBSCRIPTION s CONNECTION $1 PUBLICATION p")
        check("DO $x$ BEGIN PERFORM 'canary'; END $x$", "DO $1")
    }

    @Test func `What sets no parameter keeps its shape, and what follows one too`() {
        check("UPDATE t SET a = b WHERE c = d", "UPDATE t SET a = b WHERE c = d")
        check("ALTER TABLE t SET (fillfactor = 70)", "ALTER TABLE t SET (fillfactor = ?)")
        check("ALTER ROLE a RENAME TO b", "ALTER ROLE a RENAME TO b")
        check("CREATE TABLE t (a int) ; UPDATE t SET a = b", "CREATE TABLE t (a int) ; UPDATE t SET a = b")
        check("SET my.k = canary; SELECT a FROM t WHERE b = c", "SET my.k = '***'; SELECT a FROM t WHERE b = c")
        check("ALTER ROLE a SET work_mem TO 64", "ALTER ROLE a SET work_mem TO '***'")
    }

    /// Every one of these has "canary" or 4711 in a literal or comment; most cannot be parsed.
    static let hostile = [
        "CREATE ROLE a PASSWORD 'canary", "SELEC E'a\\'canary' FROM", "SELEC E'a'\n  'b\\'canary' FROM",
        "SELEC U&'canary' UESCAPE '!' FROM", "SELEC $a$ canary", "SELEC $a$ $b$ canary $b$ $a$ x FROM",
        "SELEC $$canary$$",
        "SELEC /* canary", "SELEC 1 -- canary", "SELEC B'1' N'canary' X'canary'", "SELEC \"canary\" FROM",
        "SELEC u&\"canary\"",
        "CREATE SERVER s FOREIGN DATA WRAPPER f OPTIONS (password 'canary', port '4711')",
        "CREATE USER MAPPING FOR u SERVER s OPTIONS (ADD password 'canary')",
        "PREPARE p AS SELECT 'canary', 4711", "EXECUTE p('canary', 4711)", "SELEC 4711.4711e-4711",
        "SET my.secret = 'canary'", "ALTER SYSTEM SET primary_conninfo = 'password=canary'", "CALL p('canary')",
        "SELEC 'a\\'canary', 'b'", "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''canary'''",
        "COMMENT ON TABLE t IS 'canary'", "NOTIFY c, 'canary'", "SELEC 'it''s canary", "SELEC x'canary",
        "SELECT 'canary' \u{0} FROM",
        "ALTER ROLE a VALID UNTIL 'canary'", "SECURITY LABEL ON TABLE t IS 'canary'", "SELEC $canary", "SELEC \"canary",
        "DECLARE c CURSOR FOR SELECT 'canary'", "EXPLAIN SELECT 'canary' LIMIT 4711",
        "CREATE TABLE t AS SELECT 'canary' AS x",
        "CREATE TABLE t (a text DEFAULT 'canary', b int CHECK (b > 4711))",
        "ALTER TABLE t ALTER a SET DEFAULT 'canary'",
        "CREATE VIEW v AS SELECT 'canary'", "COPY t FROM STDIN WITH (DELIMITER 'canary')",
        "CREATE POLICY p ON t USING (a = 'canary')", "CREATE INDEX i ON t (a) WHERE a = 'canary'",
        "VACUUM (PARALLEL 4711) t",
        // Values of parameters without single quotes.
        "ALTER ROLE app SET my.api_key = \"canary\"", "alter role app set my.api_key to canary",
        "ALTER ROLE ALL IN DATABASE d SET my.k = canary, \"canary\"", "ALTER USER app SET my.k TO canary, 4711",
        "ALTER DATABASE d SET my.k = /* ; */ canary", "ALTER SYSTEM SET my.k = \"a;canary\"",
        "ALTER FUNCTION f(int) SET my.k = canary SET my.l = 'canary'", "ALTER PROCEDURE p SET my.k TO \"canary\"",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SET my.k = canary AS $$ SELECT 1 $$",
        "SET my.k = canary", "SET LOCAL my.k TO \"canary\"", "SET SESSION my.k TO canary; SET my.l = canary",
        "BEGIN; SET my.k = canary", "SET my.k=canary", "SELEC; SET my.k TO canary SELEC",
    ]

    @Test(arguments: hostile) func `No literal is left`(text: String) {
        for cut in [text.utf8.count, text.utf8.count - 1, text.utf8.count - 2] {
            let redacted = SQL.redact(String(decoding: text.utf8.prefix(cut), as: UTF8.self))
            #expect(!redacted.contains("canar"), "\(redacted)")
            #expect(!redacted.contains("4711"), "\(redacted)")
        }
    }

    @Test func `Cutting a text anywhere shows nothing of its literals`() {
        for text in Self.hostile {
            for cut in 0..<text.utf8.count {
                let redacted = SQL.redact(String(decoding: text.utf8.prefix(cut), as: UTF8.self))
                #expect(!redacted.contains("can") || cut < 4, "\(cut): \(redacted)")
            }
        }
    }

    @Test func `A statement has one name whatever its secret is`() {
        let one = SQL.redactedFingerprint("CREATE ROLE a PASSWORD 'one' CONNECTION LIMIT 3")
        #expect(one != nil)
        #expect(one == SQL.redactedFingerprint("CREATE ROLE a PASSWORD 'two' CONNECTION LIMIT 4"))
        let set = SQL.redactedFingerprint("ALTER ROLE a SET my.k = \"one\"")
        #expect(set != nil && set == SQL.redactedFingerprint("ALTER ROLE a SET my.k = two"))
        #expect(
            SQL.redactedFingerprint("SELECT a FROM t WHERE b = 1") == SQL.fingerprint("SELECT a FROM t WHERE b = $1"))
    }
}
