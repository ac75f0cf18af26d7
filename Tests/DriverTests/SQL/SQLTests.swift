import SQL
import Testing

/// What the parser makes of texts.
@Suite struct SQLTests {
    @Test func `Texts that differ in constants have one fingerprint`() {
        let one = SQL.fingerprint("SELECT * FROM t WHERE a = 1 AND b IN (1, 2)")
        #expect(one?.count == 16)
        #expect(one == SQL.fingerprint("select *  from t where a = 'x' /* c */ and b in (3, 4, 5)"))
        #expect(one == SQL.fingerprint("SELECT * FROM t WHERE a = $1 AND b IN ($2, $3)"))
        #expect(one != SQL.fingerprint("SELECT * FROM u WHERE a = 1 AND b IN (1, 2)"))
    }

    @Test func `What is no SQL has no fingerprint`() {
        #expect(SQL.fingerprint("SELEC 1") == nil)
        #expect(SQL.normalize("SELECT 'unterminated") == nil)
        #expect(SQL.fingerprint("SELECT 1\u{0}SELECT 2") == nil)
        #expect(SQL.fingerprint("") != nil || SQL.fingerprint("") == nil)  // an empty text does not crash
    }

    @Test func `Constants become parameters`() {
        #expect(SQL.normalize("SELECT 1, 'a' FROM t WHERE x = $1") == "SELECT $2, $3 FROM t WHERE x = $1")
        #expect(SQL.parserVersion.hasPrefix("libpg_query/"))
    }

    @Test func `Deep nesting is refused, not a crash`() async {
        for depth in [400, 5_000, 200_000] {
            let text = "SELECT " + String(repeating: "(", count: depth) + "1" + String(repeating: ")", count: depth)
            let flat = "SELECT 1" + String(repeating: " + 1", count: depth)
            let not = "SELECT " + String(repeating: "NOT ", count: depth) + "true"
            let done = await Task.detached {
                _ = SQL.fingerprint(text)
                _ = SQL.fingerprint(flat)
                _ = SQL.redact(not)
                return true
            }.value
            #expect(done)
        }
    }

    @Test func `Many threads parse at once`() async {
        let expected = SQL.fingerprint("SELECT a FROM t WHERE b = 1")
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask { SQL.fingerprint("SELECT a FROM t WHERE b = \(number)") == expected }
            }
            for await same in group { #expect(same) }
        }
    }
}
