/// What the demo found, and whether its numbers agree with what others counted. Pure: facts in, lines out.
struct DemoReport: Sendable {
    /// One statement, as the API has it beside what the server itself counted.
    struct StatementRow: Sendable, Equatable {
        let text: String
        let calls: Int64
        let rows: Int64
        let serverCalls: Int64
        let serverRows: Int64
        /// Milliseconds a call, from the API.
        let mean: Double
    }

    /// Samples from the collector's disk to committed rows.
    struct Account: Sendable, Equatable {
        var read: Int64 = 0
        var committed: Int64 = 0
        var lost: Int64 = 0
        var doubled: Int64 = 0
        var messages: Int64 = 0
    }

    struct WaitEvent: Sendable, Equatable {
        let type: String
        let event: String
        let samples: Int64
    }

    struct Finding: Sendable, Equatable {
        let queryid: String
        let state: String
        let summary: String
    }

    var account = Account()
    var statements: [StatementRow] = []
    /// Transactions that pgbench says it processed, and the calls that the API has of its one statement a transaction.
    var pgbench: (processed: Int64, calls: Int64)?
    /// Runs of the planted statement that its own client counted, and the calls that the API has.
    var planted: (run: Int64, calls: Int64)?
    /// What the server calls the planted statement.
    var plantedQueryid = ""
    var waits: [WaitEvent] = []
    var findings: [Finding] = []
    var pages: [WebhookInbox.Page] = []
    /// Services that had to be started again.
    var restarts = 0

    /// What does not agree, a sentence each; empty when the demo has succeeded.
    var disagreements: [String] {
        var found: [String] = []
        if account.committed == 0 { found.append("no sample was committed") }
        if account.read != account.committed {
            found.append("\(account.read) samples were read, \(account.committed) committed")
        }
        if account.lost != 0 { found.append("\(account.lost) messages were lost") }
        if account.doubled != 0 { found.append("\(account.doubled) rows are there twice") }
        if statements.isEmpty { found.append("the API has no statement of the monitored server") }
        for row in statements where row.calls != row.serverCalls || row.rows != row.serverRows {
            found.append(
                "calls/rows \(row.calls)/\(row.rows) in the API, \(row.serverCalls)/\(row.serverRows) on the server: "
                    + Self.shortened(row.text, 60))
        }
        for (name, pair) in [
            ("pgbench", pgbench.map { ($0.processed, $0.calls) }),
            ("the planted statement", planted.map { ($0.run, $0.calls) }),
        ] {
            guard let (counted, calls) = pair else {
                found.append("\(name) gave no count")
                continue
            }
            if counted != calls { found.append("\(name) was run \(counted) times, the API has \(calls) calls") }
        }
        if !findings.contains(where: { $0.queryid == plantedQueryid }) {
            found.append("the slow statement was not found")
        }
        for (alert, queryid) in [("LockWait", ""), ("StatementBroken", plantedQueryid)] {
            for status in ["firing", "resolved"] {
                let count = pages.count { $0.alert == alert && $0.queryid == queryid && $0.status == status }
                if count != 1 { found.append("\(alert) \(status) was paged \(count) times") }
            }
        }
        // Another statement may really have been slow for a cycle on a busy machine; that a server is down is never true here.
        for page in pages where page.alert != "LockWait" && page.alert != "StatementBroken" {
            found.append("\(page.alert) was paged about \(page.instance)")
        }
        return found
    }

    /// The report, a line an element.
    var lines: [String] {
        var lines = ["", "What the system found"]
        lines.append("")
        lines.append(
            "Samples     read \(account.read), committed \(account.committed), lost \(account.lost), doubled \(account.doubled)"
                + " (\(account.messages) messages)")
        lines.append("")
        lines.append("Top statements by calls            calls (API)  (server)   rows (API)  (server)   mean ms")
        for row in statements {
            lines.append(
                Self.padded(Self.shortened(row.text, 34), 34) + Self.right(row.calls, 12)
                    + Self.right(row.serverCalls, 10)
                    + Self.right(row.rows, 13) + Self.right(row.serverRows, 10) + "  "
                    + Self.right(Self.decimal(row.mean), 8))
        }
        if let pgbench {
            lines.append(
                "pgbench processed \(pgbench.processed) transactions itself; the API has \(pgbench.calls) calls of their SELECT"
            )
        }
        if let planted {
            lines.append("the planted statement was run \(planted.run) times; the API has \(planted.calls) calls")
        }
        lines.append("")
        lines.append("Wait events (times seen)")
        for wait in waits {
            lines.append("  \(Self.padded("\(wait.type)/\(wait.event)", 34))\(Self.right(wait.samples, 8))")
        }
        if waits.isEmpty { lines.append("  none") }
        lines.append("")
        lines.append("Findings")
        for finding in findings { lines.append("  \(finding.state): \(finding.summary)") }
        if findings.isEmpty { lines.append("  none") }
        lines.append("")
        lines.append("Pages")
        for page in pages {
            lines.append("  \(Self.padded(page.status, 9)) \(page.alert) \(page.instance): \(page.summary)")
        }
        if pages.isEmpty { lines.append("  none") }
        if restarts > 0 { lines.append("\nServices started again: \(restarts)") }
        lines.append("")
        let wrong = disagreements
        if wrong.isEmpty {
            lines.append("All numbers agree.")
        } else {
            lines.append("The numbers do not agree:")
            lines += wrong.map { "  - \($0)" }
        }
        return lines
    }

    static func shortened(_ text: String, _ limit: Int) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count <= limit ? line : line.prefix(limit - 1) + "…"
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ value: some CustomStringConvertible, _ width: Int) -> String {
        let text = value.description
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Two decimals.
    static func decimal(_ value: Double) -> String {
        let hundredths = (value * 100).rounded()
        guard hundredths.isFinite, abs(hundredths) < 1e15 else { return "\(value)" }
        let whole = Int64(abs(hundredths)) / 100, rest = Int64(abs(hundredths)) % 100
        return (value < 0 ? "-" : "") + "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
