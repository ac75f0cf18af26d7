import Testing

@Suite struct StringLiteralsTests {
    @Test func `Literals are found, and what only looks like one is not`() {
        let source = ##"""
            // "comment" it's
            /* "nested /* comments */ too" */
            let a = "one \(f("inner \(2)")) two \"quoted\""
            let b = #"raw \n "quoted" \#(x)"#
            let c = """
                SELECT 1
                FROM t
                """
            let d = ""
            """##
        let literals = StringLiterals(source)
        #expect(literals.found.map(\.text).filter { $0 != "" }.count == 4)
        #expect(literals.found.map(\.text).contains("one ? two \"quoted\""))
        #expect(literals.found.map(\.text).contains("inner ?"))
        #expect(literals.found.map(\.text).contains(#"raw \n "quoted" ?"#))
        #expect(literals.found.first { $0.text.contains("SELECT 1") }?.line == 5)
    }
}
