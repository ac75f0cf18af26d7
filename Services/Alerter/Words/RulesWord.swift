import Foundation
import Runtime

/// `pganalytics-alerter rules check FILE`.
enum RulesWord {
    static let word = Word(
        "rules", usage: "check FILE", count: 2...2, needs: [],
        help:
            "Reads a file of alerting rules as the alerter would, and says what it cannot use, with line, column and reason."
    )

    static func run(_ arguments: [String]) -> Int32 {
        guard arguments[0] == "check" else {
            complain("rules knows one word: check FILE")
            return 2
        }
        do {
            let rules = try RuleFile.read(arguments[1]).rules
            print("\(arguments[1]): \(rules.count) rules, \(rules.map(\.name).joined(separator: ", "))")
            return 0
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func complain(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
