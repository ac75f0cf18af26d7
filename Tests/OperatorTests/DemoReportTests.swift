import Testing

@testable import Operator

struct DemoReportTests {
    private func agreeing() -> DemoReport {
        var report = DemoReport()
        report.account = .init(read: 1000, committed: 1000, lost: 0, doubled: 0, messages: 10)
        report.statements = [.init(text: "SELECT 1", calls: 5, rows: 5, serverCalls: 5, serverRows: 5, mean: 0.1)]
        report.pgbench = (5, 5)
        report.planted = (7, 7)
        report.plantedQueryid = "42"
        report.findings = [.init(queryid: "42", state: "opened", summary: "it is slow")]
        report.pages = ["LockWait", "StatementBroken"].flatMap { alert in
            ["firing", "resolved"].map {
                .init(
                    id: alert, status: $0, alert: alert, instance: "shop", queryid: alert == "LockWait" ? "" : "42",
                    summary: "s")
            }
        }
        return report
    }

    @Test func `A report whose numbers agree says so`() {
        #expect(agreeing().disagreements.isEmpty)
        #expect(agreeing().lines.contains("All numbers agree."))
    }

    @Test(arguments: 0..<8)
    func `Each number that is off by one is a disagreement`(_ which: Int) {
        var report = agreeing()
        switch which {
        case 0: report.account.committed -= 1
        case 1: report.account.lost = 1
        case 2: report.account.doubled = 1
        case 3:
            report.statements = [.init(text: "SELECT 1", calls: 6, rows: 5, serverCalls: 5, serverRows: 5, mean: 0.1)]
        case 4: report.pgbench = (5, 4)
        case 5: report.planted = nil
        case 6: report.findings = []
        default: report.pages.append(report.pages[0])
        }
        #expect(report.disagreements.count == 1)
        #expect(!report.lines.contains("All numbers agree."))
    }

    @Test func `pgbench's own count is read from its report`() throws {
        let output = "scaling factor: 2\nnumber of transactions actually processed: 5988\nlatency average = 3.1 ms\n"
        #expect(try Shop.processed(in: output) == 5988)
        #expect(throws: StackError.self) { try Shop.processed(in: "pgbench: error") }
    }

    @Test func `Numbers are aligned and texts shortened`() {
        #expect(DemoReport.decimal(1.005) == "1.00" || DemoReport.decimal(1.005) == "1.01")
        #expect(DemoReport.decimal(-0.25) == "-0.25")
        #expect(DemoReport.shortened("SELECT\n  a,   b FROM t", 12) == "SELECT a, b…")
    }

    @Test func `The timeline leaves a baseline before the statement becomes slow and a rest after`() {
        for seconds in [40, 60, 120, 600] {
            let timeline = Timeline(seconds: seconds)
            #expect(timeline.grace < timeline.slowFrom && timeline.slowFrom < timeline.slowUntil)
            #expect(timeline.slowUntil < timeline.end && timeline.blockUntil < timeline.end - 8)
            #expect(timeline.patience > .seconds(seconds + 60))  // pgbench ends late on a busy machine
        }
    }
}
