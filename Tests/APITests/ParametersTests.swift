import Testing

@testable import API

@Suite struct ParametersTests {
    private static let declared: [Parameter] = [
        .from, .to, .limit(10, most: 100),
        Parameter(name: "order", kind: .choice(["a", "b"]), fallback: "a", description: "x"),
        Parameter(name: "flag", kind: .boolean, description: "x"),
        Parameter(name: "step", kind: .duration, description: "x"),
        Parameter(name: "label", kind: .pairs, description: "x"),
        Parameter(name: "name", kind: .text(longest: 5), description: "x"),
    ]

    private func parse(_ query: (String, String)...) throws(Problem) -> Parameters {
        try Parameters(Self.declared, query: query.map { (name: $0.0, value: $0.1) })
    }

    @Test func `Defaults stand in for what is not there`() throws {
        let parameters = try parse()
        #expect(parameters.integer("limit") == 10)
        #expect(parameters.text("order") == "a")
        #expect(parameters.time("from") == nil)
        #expect(parameters.boolean("flag") == nil)
        #expect(parameters.pairs("label").isEmpty)
    }

    @Test func `Values are read by their kind`() throws {
        let parameters = try parse(
            ("limit", "100"), ("order", "b"), ("flag", "true"), ("step", "5m"), ("from", "10"), ("label", "a=1"),
            ("label", "b=x=y"), ("name", "é€"))
        #expect(parameters.integer("limit") == 100)
        #expect(parameters.boolean("flag") == true)
        #expect(parameters.duration("step") == 300_000_000)
        #expect(parameters.time("from") == 10_000_000)
        #expect(parameters.pairs("label") == [.init(name: "a", value: "1"), .init(name: "b", value: "x=y")])
        #expect(parameters.text("name") == "é€")
    }

    @Test func `Durations have units`() throws {
        func f(_ text: String, _ expected: Int64) throws {
            #expect(try parse(("step", text)).duration("step") == expected)
        }
        try f("500ms", 500_000)
        try f("10s", 10_000_000)
        try f("10", 10_000_000)
        try f("2h", 7_200_000_000)
        try f("1d", 86_400_000_000)
    }

    @Test(arguments: [
        ("limit", "0"), ("limit", "101"), ("limit", "x"), ("limit", "1.5"), ("limit", "+1"), ("limit", ""),
        ("limit", "99999999999999999999"), ("order", "c"), ("order", ""), ("flag", "yes"), ("flag", ""), ("step", "0s"),
        ("step", "-5s"), ("step", "5 s"), ("step", "5w"), ("step", "s"), ("step", "999999999999d"),
        ("from", "yesterday"),
        ("label", "a"), ("label", "=x"), ("name", ""), ("name", "123456"), ("unknown", "1"),
    ])
    func `What is not valid is a 400 that names the parameter`(name: String, value: String) {
        let problem = #expect(throws: Problem.self) { try parse((name, value)) }
        #expect(problem?.status == 400)
        #expect(problem?.place == "query \(name)")
    }

    @Test func `A parameter that comes twice is refused`() {
        #expect(throws: Problem.self) { try parse(("limit", "1"), ("limit", "1")) }
    }

    @Test func `A required one that is missing is refused`() {
        let declared = [Parameter(name: "metric", kind: .text(longest: 10), isRequired: true, description: "What.")]
        let problem = #expect(throws: Problem.self) { try Parameters(declared, query: []) }
        #expect(problem?.remedy == "What.")
    }

    @Test func `A range is an hour before its end unless told otherwise`() throws {
        let now: Int64 = 1_795_258_320_000_000
        #expect(try TimeRange(try parse(), now: now) == TimeRange(from: now - 3_600_000_000, to: now))
        #expect(
            try TimeRange(try parse(("to", "7200")), now: now) == TimeRange(from: 3_600_000_000, to: 7_200_000_000))
        #expect(throws: Problem.self) { try TimeRange(try parse(("from", "20"), ("to", "20")), now: now) }
        #expect(throws: Problem.self) { try TimeRange(try parse(("from", "30"), ("to", "20")), now: now) }
        #expect(throws: Problem.self) { try TimeRange(try parse(("from", "0")), now: now) }
    }

    @Test func `Cursors come back as they were, and only to their list`() throws {
        let cursor = TimeCursor(time: 5, id: "a b/ü")
        let text = Cursor(cursor.fields).text(kind: "alerts")
        #expect(try TimeCursor(text, kind: "alerts") == cursor)
        #expect(try TimeCursor(nil, kind: "alerts") == nil)
        // An id may hold what separates the fields.
        let odd = TimeCursor(time: 5, id: "a\u{1f}b")
        #expect(try TimeCursor(Cursor(odd.fields).text(kind: "alerts"), kind: "alerts") == odd)
        for (wrong, kind) in [
            (text, "findings"), (text + "A", "alerts"), ("", "alerts"), ("%%%", "alerts"), ("AAAA", "alerts"),
        ] {
            let problem = #expect(throws: Problem.self) { try TimeCursor(wrong, kind: kind) }
            #expect(problem?.status == 400)
        }
    }
}
