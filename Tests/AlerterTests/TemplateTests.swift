import Testing

@testable import Alerter

struct TemplateTests {
    private let source = FixedSeries(series: [
        "a": [
            Sample(labels: ["pid": "1"], value: 2.5), Sample(labels: ["pid": "2"], value: 90),
        ]
    ])

    @Test(arguments: [
        ("plain", "plain"),
        ("{{ $labels.db }} is {{$value}}", "shop is 0.8512"),
        ("{{ $labels.nothing }}!", "!"),
        ("{{ $value | humanizePercentage }}", "85.12%"),
        ("{{ humanizePercentage $value }}", "85.12%"),
        ("{{ printf \"%.1f of 1\" $value }}", "0.9 of 1"),
        ("{{ $value | printf \"%.3g%%\" }}", "0.851%"),
        ("{{ $value | humanizeDuration }}", "851.2ms"),
        (
            "{{ range query \"a > 1\" }}{{ .Labels.pid }}:{{ .Value | humanizeDuration }} {{ end }}done",
            "2:1m 30s 1:2.5s done"
        ),
        ("{{ range query `a > 100` }}never{{ end }}", ""),
        ("a } b { c", "a } b { c"),
    ])
    func `A template is filled in`(text: String, expected: String) throws {
        let template = try Template(text, catalogue: .small)
        #expect(template.render(["db": "shop"], 0.8512, source) == expected)
    }

    @Test(arguments: [
        ("x {{ $labels.db", 2, "not closed"),
        ("{{ .Labels.db }}", 0, "not part of the subset"),
        ("{{ if $value }}x{{ end }}", 0, "not known"),
        ("{{ end }}", 0, "closes nothing"),
        ("{{ range query \"a\" }}", 21, "no '{{ end }}'"),
        ("{{ range query \"nope\" }}{{ end }}", 0, "no series is called"),
        ("{{ $labels.db | humanize }}", 0, "no format"),
        ("{{ $value | upper }}", 0, "'upper' is not known"),
        ("{{ printf \"%q\" $value }}", 0, "not known"),
    ])
    func `What is not in the subset is refused`(text: String, offset: Int, reason: String) {
        let error = #expect(throws: SyntaxError.self) { try Template(text, catalogue: .small) }
        #expect(error?.offset == offset)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        (0.0, "0s"), (0.0012, "1.2ms"), (59.94, "59.94s"), (60, "1m 0s"), (3_725, "1h 2m 5s"), (90_061, "1d 1h 1m 1s"),
    ])
    func `Durations read as people say them`(seconds: Double, expected: String) {
        #expect(Humanize.duration(seconds) == expected)
    }

    @Test(arguments: [
        ("30s", 30_000_000), ("1h30m", 5_400_000_000), ("250ms", 250_000), ("0", 0), ("1d", 86_400_000_000),
    ])
    func `Durations of rule files`(text: String, expected: Int64) {
        #expect(PrometheusDuration.parse(text) == expected)
    }

    @Test(arguments: ["", "5", "s", "1m1h", "1x", "-5s", "1.5h", "99999999999999999999s"])
    func `No durations`(text: String) {
        #expect(PrometheusDuration.parse(text) == nil)
    }
}
