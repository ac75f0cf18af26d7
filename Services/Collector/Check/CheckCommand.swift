import Glibc
import Postgres
import Runtime

/// `pganalytics-collector check`: what is missing on each server, what that costs, and the SQL that would mend it.
enum CheckCommand {
    static let word = Word(
        "check",
        help:
            "Connects to every [[server]] of the settings and says what is missing there, what that costs, and the SQL that would mend it. Changes nothing. Exits with 1 when something keeps the collector from its work."
    )

    /// Checks all servers and prints the report; returns the exit status.
    static func run(_ settings: CollectorSettings) async -> CInt {
        var errors = 0
        var warnings = 0
        if settings.servers.isEmpty {
            print("no [[server]] is in the settings: there is nothing to check")
            return 1
        }
        for server in settings.servers {
            let report = await ServerCheck.run(server)
            print(report.text)
            errors += report.count(.error)
            warnings += report.count(.warning)
        }
        print("\(settings.servers.count) servers, \(errors) errors, \(warnings) warnings")
        return errors == 0 ? 0 : 1
    }
}

/// What a check of a server found.
struct CheckReport: Sendable {
    enum Level: String, Sendable {
        case ok, note, warning, error
    }

    struct Finding: Sendable {
        var level: Level
        /// What is so, and what it costs.
        var text: String
        /// What would mend it, if SQL would.
        var sql: [String] = []
    }

    var title: String
    var findings: [Finding] = []

    mutating func add(_ level: Level, _ text: String, sql: [String] = []) {
        findings.append(Finding(level: level, text: text, sql: sql))
    }

    func count(_ level: Level) -> Int { findings.count { $0.level == level } }

    var text: String {
        var lines = [title]
        for finding in findings {
            let mark = finding.level.rawValue
            lines.append("  " + mark + String(repeating: " ", count: 9 - mark.count) + finding.text)
            lines += finding.sql.map { "           " + $0 }
        }
        return lines.joined(separator: "\n")
    }
}
