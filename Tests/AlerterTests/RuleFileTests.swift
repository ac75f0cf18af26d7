import Foundation
import Testing
import YAML

@testable import Alerter

struct RuleFileTests {
    private func parse(_ text: String) throws -> [Rule] {
        try RuleFile.parse(text, name: "r.yaml", catalogue: .codec).rules
    }

    @Test func `The shipped rules are the file in deploy`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try String(contentsOf: root.appending(path: "deploy/alerts/pganalytics.yaml"), encoding: .utf8)
        #expect(file == ShippedRules.text)
    }

    @Test func `The shipped rules load`() throws {
        let rules = try RuleFile.parse(ShippedRules.text, name: ShippedRules.name, catalogue: .codec).rules
        #expect(
            rules.map(\.name) == [
                "ServerDown", "CollectorSilent", "StorageDown", "LockWait", "ConnectionsNearLimit", "StatementBroken",
            ])
        for rule in rules {
            #expect(rule.labels["severity"] != nil, "\(rule.name)")
            #expect(rule.annotations["runbook"] != nil, "\(rule.name) says what to do")
            #expect(rule.annotations["summary"] != nil, "\(rule.name)")
        }
    }

    @Test func `Prometheus reads the shipped rules too`() async throws {
        let tool = "/usr/bin/promtool"
        guard FileManager.default.isExecutableFile(atPath: tool) else {
            try Test.cancel("promtool is not installed")
        }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = ["check", "rules", root.appending(path: "deploy/alerts/pganalytics.yaml").path()]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func `A rule has what it says`() throws {
        let rules = try parse(
            """
            groups:
              - name: g
                interval: 30s
                labels: {team: dba}
                rules:
                  - alert: A
                    expr: pg_up == 0
                    for: 1m30s
                    keep_firing_for: 5m
                    labels: {severity: page, of: "{{ $labels.outcome }}"}
                    annotations:
                      summary: "{{ $labels.instance }} {{ $value }}"
                  - alert: B
                    expr: |
                      pg_connections
                        > 5
            """)
        #expect(rules.count == 2)
        #expect(rules[0].holdFor == 90_000_000)
        #expect(rules[0].keepFiringFor == 300_000_000)
        #expect(rules[0].labels.keys.sorted() == ["of", "severity", "team"])
        #expect(rules[1].seriesNames == ["pg_connections"])
    }

    @Test(arguments: [
        ("- alert: A\n  expr: pg_upp == 0", 5, 15, "did you mean 'pg_up'?"),
        ("- alert: A\n  expr: rate(pg_up[5m]) > 0", 5, 15, "'rate()' is not part"),
        ("- alert: A\n  expr: pg_up == 0\n  fro: 5m", 6, 9, "no field 'fro'"),
        ("- alert: A\n  expr: pg_up == 0\n  for: soon", 6, 14, "is a duration"),
        ("- alert: A\n  expr: \"pg_up = 0\"", 5, 22, "was not expected"),
        ("- alert: A", 4, 9, "has no 'expr:'"),
        ("- expr: pg_up", 4, 9, "alert's name"),
        ("- record: a:b\n  expr: pg_up", 4, 17, "recording rules"),
        ("- alert: A\n  expr: 1 + 1", 5, 15, "looks at no series"),
        ("- alert: A\n  expr: |\n    pg_up\n    == x", 7, 14, "no series is called 'x'"),
        ("- alert: A\n  expr: |-\n\n    pg_up ==\n      x", 8, 13, "no series is called 'x'"),
        ("- alert: A\n  expr: >-\n    pg_up\n    == x", 7, 14, "no series is called 'x'"),
        ("- alert: A\n  expr: >\n    pg_up\n\n    == x", 8, 14, "no series is called 'x'"),
        ("- alert: A\n  expr: pg_up\n    == x", 6, 14, "no series is called 'x'"),
        ("- alert: A\n  expr: \"pg_up\n    == x\"", 6, 14, "no series is called 'x'"),
        ("- alert: A\n  expr: >-\n    pg_up\n    ==\n  for: 5m", 7, 13, "expected a series"),
        ("- alert: A\n  expr: pg_up ==\n  for: 5m", 5, 23, "expected a series"),
        ("- alert: A\n  expr: pg_up == 0\n  annotations: {summary: \"{{ .Foo }}\"}", 6, 33, "not part of the subset"),
        ("- alert: A\n  expr: pg_up == 0\n  labels: {instance: x}", 6, 18, "set by the alerter"),
        ("- alert: A\n  expr: pg_stat_statements_calls_total > 1", 5, 15, "is a counter"),
        ("- alert: A\n  expr: [1, 2]", 5, 15, "is a text"),
        ("- alert: A\n  expr: pganalytics_storage_up == 0 and pg_up == 0", 5, 15, "a rule of its own"),
        ("- alert: A\n  expr: pg_up == 0 or pganalytics_storage_up == 0", 5, 15, "a rule of its own"),
        (
            "- alert: A\n  expr: pg_up == 0 or pganalytics_instance_silent_seconds > 9", 5, 15,
            "begin with 'pganalytics_instance_silent_seconds'"
        ),
        (
            "- alert: A\n  expr: pg_up * pganalytics_instance_interval_seconds > 9", 5, 15,
            "begin with 'pganalytics_instance_interval_seconds'"
        ),
    ])
    func `What cannot be used is refused with line, column and reason`(
        rule: String, line: Int, column: Int, reason: String
    ) throws {
        let indented = rule.split(separator: "\n", omittingEmptySubsequences: false).map { "      " + $0 }.joined(
            separator: "\n")
        let error = #expect(throws: RuleError.self) {
            try parse("groups:\n  - name: g\n    rules:\n\(indented)\n")
        }
        #expect(error?.line == line, "\(error?.description ?? "")")
        #expect(error?.column == column, "\(error?.description ?? "")")
        #expect(error?.message.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        "", "[]", "groups: 3", "groups:\n  - rules: []", "groups:\n  - name: x\n    limit: 3\n    rules: []",
        "rules: []",
    ])
    func `What is no rule file is refused`(text: String) {
        #expect(throws: (any Error).self) { try parse(text) }
    }

    @Test func `Two alerts of one name are refused where the second stands`() {
        let group = "  - name: g\n    rules:\n      - {alert: A, expr: pg_up == 0}\n"
        let error = #expect(throws: RuleError.self) { try parse("groups:\n\(group)\(group)") }
        #expect(error?.line == 7 && error?.column == 9, "\(error?.description ?? "")")
    }

    @Test func `A label of a group that the alerter sets is refused where it stands`() {
        let error = #expect(throws: RuleError.self) {
            try parse(
                "groups:\n  - name: g\n    labels:\n      team: dba\n      alertname: x\n    rules:\n      - {alert: A, expr: pg_up}\n"
            )
        }
        #expect(error?.line == 5 && error?.column == 7, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        "pganalytics_storage_up == 0 or pganalytics_storage_up > 1",
        "pganalytics_instance_interval_seconds * 3 < pganalytics_instance_silent_seconds",
        "pganalytics_instance_silent_seconds > 30 and on (instance) pg_up == 1",
        "pganalytics_finding_open > 0 and on (instance) pg_up == 1",
    ])
    func `The alerter's own series stand where they are looked at`(text: String) throws {
        #expect(try parse("groups:\n  - name: g\n    rules:\n      - {alert: A, expr: \(text)}\n").count == 1)
    }

    @Test func `Broken YAML is one line with its place`() {
        let error = #expect(throws: YAMLError.self) { try parse("groups:\n  - name: [\n") }
        #expect(error?.description.contains("r.yaml") == true)
    }
}
