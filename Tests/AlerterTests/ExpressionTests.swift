import Testing

@testable import Alerter

/// Series as they stand, by name.
struct FixedSeries: SeriesSource {
    var series: [String: [Sample]] = [:]

    func samples(of name: String) -> [Sample] { series[name] ?? [] }
}

extension SeriesCatalogue {
    /// Three gauges and a counter.
    static let small = SeriesCatalogue(
        origins: ["a": .family("f"), "b": .family("g"), "limit": .family("f"), "sum_of": .own],
        unusable: ["c_total": "is a counter: it needs rate()"])
}

struct ExpressionTests {
    private let source = FixedSeries(series: [
        "a": [
            Sample(labels: ["instance": "x", "db": "one", "role": "r"], value: 3),
            Sample(labels: ["instance": "x", "db": "two", "role": "r"], value: 5),
            Sample(labels: ["instance": "x", "db": "two", "role": "s"], value: 7),
        ],
        "b": [Sample(labels: ["instance": "x", "db": "two"], value: 10)],
        "limit": [Sample(labels: ["instance": "x"], value: 30)],
    ])

    private func evaluate(_ text: String) throws -> [String: Double] {
        let expression = try ExpressionParser.parse(text, catalogue: .small)
        var evaluator = Evaluator(source: source)
        return evaluator.vector(expression).reduce(into: [:]) { all, sample in
            let labels = sample.labels.filter { $0.key != "instance" }.sorted { $0.key < $1.key }
            #expect(sample.labels["instance"] == "x")
            all[labels.map { "\($0.key)=\($0.value)" }.joined(separator: ",")] = sample.value
        }
    }

    @Test(arguments: [
        ("a", ["db=one,role=r": 3, "db=two,role=r": 5, "db=two,role=s": 7]),
        ("a > 4", ["db=two,role=r": 5, "db=two,role=s": 7]),
        ("4 < a", ["db=two,role=r": 5, "db=two,role=s": 7]),
        ("a{db=\"two\"} == 5", ["db=two,role=r": 5]),
        ("a{db!='two'}", ["db=one,role=r": 3]),
        ("a{db=~\"t.*\", role!~\"r|q\"}", ["db=two,role=s": 7]),
        ("a{db=~\"t\"}", [:]),
        ("a{nothing=\"\"} >= 7", ["db=two,role=s": 7]),
        ("sum(a)", ["": 15]),
        ("sum by (db) (a)", ["db=one": 3, "db=two": 12]),
        ("max by (db, instance) (a)", ["db=one": 3, "db=two": 7]),
        ("min without (role) (a)", ["db=one": 3, "db=two": 5]),
        ("avg(a) by (db)", ["db=one": 3, "db=two": 6]),
        ("count(a > 3)", ["": 2]),
        ("sum(a) / limit", ["": 0.5]),
        ("sum(a) / limit > 0.4", ["": 0.5]),
        ("sum by (db) (a) / b", ["db=two": 1.2]),
        ("sum by (db) (a) * on (db) b", ["db=two": 120]),
        ("b - ignoring (db) limit", ["": -20]),
        ("limit > ignoring (db) b", ["": 30]),
        ("b < ignoring (db) limit", ["": 10]),
        ("a{role=\"s\"} < on (db) b", ["db=two": 7]),
        ("2 + 3 * limit - 1", ["": 91]),
        ("(2 + 3) * limit", ["": 150]),
        ("-limit", ["": -30]),
        ("limit == 30 and limit > 20", ["": 30]),
        ("a unless a{db=\"two\"}", ["db=one,role=r": 3]),
        ("a{db=\"one\"} or b", ["db=one,role=r": 3, "db=two": 10]),
        ("limit / 0 > 1e9", ["": .infinity]),
        ("a != 5 # a comment", ["db=one,role=r": 3, "db=two,role=s": 7]),
    ])
    func `An expression gives the series for which it holds`(text: String, expected: [String: Double]) throws {
        #expect(try evaluate(text) == expected)
    }

    @Test(arguments: [
        ("a < on (db) b", 1, [:]),
        ("b > on (db) a", 1, [:]),
        ("a + on (role) a", 1, ["role=s": 14]),
        ("a - on (db) sum by (db) (a)", 1, ["db=one": 0]),
        ("a and on (db) b", 0, ["db=two,role=r": 5, "db=two,role=s": 7]),
        ("b unless on (db) a", 0, [:]),
        ("limit or on (role) a", 0, ["": 30, "db=one,role=r": 3, "db=two,role=r": 5, "db=two,role=s": 7]),
    ])
    func `What cannot be matched one to one gives nothing and is counted, and sets match many`(
        text: String, count: Int, expected: [String: Double]
    ) throws {
        #expect(try evaluate(text) == expected)
        var evaluator = Evaluator(source: source)
        _ = evaluator.vector(try ExpressionParser.parse(text, catalogue: .small))
        #expect(evaluator.ambiguities == count)
    }

    @Test(arguments: [
        ("a >", 3, "expected a series"),
        ("rate(a[5m]) > 1", 0, "'rate()' is not part"),
        ("a[5m]", 1, "ranges"),
        ("a offset 5m", 2, "'offset'"),
        ("a @ 5", 2, "'@'"),
        ("a > bool 3", 4, "'bool'"),
        ("a % 2", 2, "'%'"),
        ("quantile(0.5, a)", 0, "'quantile()'"),
        ("c_total > 3", 0, "is a counter"),
        ("limt > 3", 0, "did you mean 'limit'"),
        ("a * on (db) group_left b", 12, "one to one"),
        ("a{db=two}", 5, "in quotes"),
        ("a{db=~\"(\"}", 6, "not a regular expression"),
        ("a{db>\"x\"}", 4, "expected =, !=, =~ or !~"),
        ("a b", 2, "was not expected"),
        ("(a > 3", 6, "expected ')'"),
        ("1 > 2", 2, "two numbers"),
        ("a and 3", 2, "series on both sides"),
        ("a > 5m", 4, "give seconds"),
        ("{db=\"x\"}", 0, "needs the series' name"),
        ("a{db=\"x}", 5, "not closed"),
        ("a ? 3", 2, "no meaning"),
        ("sum(3)", 5, "was given a number"),
        ("", 0, "expected a series"),
    ])
    func `What is not in the subset is refused where it stands`(text: String, offset: Int, reason: String) {
        let error = #expect(throws: SyntaxError.self) { try ExpressionParser.parse(text, catalogue: .small) }
        #expect(error?.offset == offset)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `Nesting without end is refused and not followed`() {
        let text = String(repeating: "(", count: 10_000) + "a" + String(repeating: ")", count: 10_000)
        #expect(throws: SyntaxError.self) { try ExpressionParser.parse(text, catalogue: .small) }
        #expect(throws: SyntaxError.self) {
            try ExpressionParser.parse(String(repeating: "-", count: 10_000) + "a", catalogue: .small)
        }
    }

    @Test func `Random texts are parsed or refused, never a trap`() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "a", "b", "sum", "by", "(", ")", "{", "}", "=", "=~", "\"", "x", ",", ">", "1", ".5", "e", "-", "[", "and",
            " ", "\\",
        ]
        for _ in 0..<5_000 {
            let text = (0..<12).map { _ in pieces.randomElement(using: &random)! }.joined()
            _ = try? ExpressionParser.parse(text, catalogue: .small)
            _ = try? Template("{{ \(text) }}", catalogue: .small)
        }
    }
}
