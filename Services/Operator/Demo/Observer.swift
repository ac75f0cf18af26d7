import Postgres
import Runtime

/// Looks at the running demo from outside: the API, the views of the storage, the services' metrics, and the monitored
/// server's own counters to hold them against.
struct Observer: Sendable {
    let stack: Stack
    let shop: Shop
    let inbox: WebhookInbox

    private struct Statements: Decodable {
        struct Row: Decodable {
            let queryid: Int64
            /// Null where only a first reading is known: nothing to subtract it from.
            let username: String?
            let calls: Int64?
            let rows: Int64?
            let meanExecTime: Double?
            enum CodingKeys: String, CodingKey {
                case queryid, username, calls, rows
                case meanExecTime = "mean_exec_time_ns"
            }
        }
        let data: [Row]
    }

    /// Cycles of the monitored server that are stored.
    func cyclesStored() async throws -> Int64 {
        try await rows("SELECT count(*) FROM api.cycle WHERE instance = $1 AND up = 1") { try $0.int($1, 0) ?? 0 }.first
            ?? 0
    }

    /// One line of how it goes.
    func progressLine(since start: ContinuousClock.Instant) async -> String {
        let samples = await metric("writer_samples_total", of: "writer") ?? 0
        let cycles = (try? await cyclesStored()) ?? 0
        let page = inbox.pages.last
        return DemoReport.right("\((ContinuousClock.now - start).components.seconds) s", 7)
            + "   \(samples) samples stored in \(cycles) cycles"
            + (page.map { "; paged: \($0.alert) \($0.status)" } ?? "")
    }

    /// Waits until everything that was read is stored, and gathers the facts.
    func report(_ counted: Shop.Counted, _ api: APIClient) async throws -> DemoReport {
        var report = DemoReport()
        let server = try await shop.serverStatements()
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            report.statements = try await statements(beside: server, api)
            report.account = try await account()
            report.pages = inbox.pages
            report.findings = try await findings()
            report.plantedQueryid =
                server.first { $0.text.contains(Workload.plantedPattern) }.map { "\($0.queryid)" } ?? "none"
            report.pgbench = (counted.pgbenchTransactions, Self.calls(report.statements, "SELECT abalance FROM"))
            report.planted = (counted.plantedRuns, Self.calls(report.statements, Workload.plantedPattern))
            if report.disagreements.isEmpty || ContinuousClock.now > deadline { break }
            try await Task.sleep(for: .milliseconds(300))
        }
        report.waits = try await rows(
            """
            SELECT wait_event_type, wait_event, sum(count)::bigint FROM api.activity
            WHERE instance = $1 AND wait_event IS NOT NULL AND state = 'active' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 6
            """
        ) {
            DemoReport.WaitEvent(
                type: try $0.text($1, 0) ?? "", event: try $0.text($1, 1) ?? "", samples: try $0.int($1, 2) ?? 0)
        }
        report.restarts = stack.supervisor.restarts
        return report
    }

    private func statements(
        beside server: [Shop.Statement], _ api: APIClient
    ) async throws -> [DemoReport.StatementRow] {
        let answer: Statements = try await api.get(
            "/servers/\(Demo.server)/statements?from=\(APIClient.monthAgo)&order=calls&by=row&limit=1000")
        var found: [Int64: (calls: Int64, rows: Int64, time: Double)] = [:]
        for row in answer.data where row.username == "app" {
            let sum = found[row.queryid] ?? (0, 0, 0)
            let time = (row.meanExecTime ?? 0) * Double(row.calls ?? 0)
            found[row.queryid] = (sum.calls + (row.calls ?? 0), sum.rows + (row.rows ?? 0), sum.time + time)
        }
        return server.map { statement in
            let sum = found[statement.queryid] ?? (0, 0, 0)
            return DemoReport.StatementRow(
                text: statement.text, calls: sum.calls, rows: sum.rows, serverCalls: statement.calls,
                serverRows: statement.rows, mean: sum.calls == 0 ? 0 : sum.time / Double(sum.calls) / 1e6)
        }
    }

    private static func calls(_ rows: [DemoReport.StatementRow], _ pattern: String) -> Int64 {
        rows.filter { $0.text.contains(pattern) }.reduce(0) { $0 + $1.calls }
    }

    /// Samples from the spool to the storage. Collection goes on meanwhile: the two counts are compared at a moment at
    /// which the collector's did not move.
    private func account() async throws -> DemoReport.Account {
        var account = DemoReport.Account()
        for _ in 0..<50 {
            let before = await metric("collector_samples_total", of: "collector")
            account.committed = await metric("writer_samples_total", of: "writer") ?? 0
            account.read = await metric("collector_samples_total", of: "collector") ?? 0
            if before == account.read && account.read == account.committed { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        account.messages = await metric("writer_messages_total", of: "writer") ?? 0
        account.lost =
            try await rows(
                "SELECT coalesce(sum(last_missing - first_missing + 1), 0)::bigint FROM api.gaps WHERE key = $1"
            ) { try $0.int($1, 0) ?? 0 }.first ?? 0
        account.doubled =
            try await rows(
                """
                SELECT count(*) FROM (SELECT FROM api.statements WHERE instance = $1
                GROUP BY time, database, username, queryid, toplevel HAVING count(*) > 1) doubled
                """
            ) { try $0.int($1, 0) ?? 0 }.first ?? 0
        return account
    }

    private func findings() async throws -> [DemoReport.Finding] {
        try await rows(
            "SELECT coalesce(evidence->>'queryid', subject), state, summary FROM api.findings WHERE instance = $1 ORDER BY time"
        ) {
            DemoReport.Finding(
                queryid: try $0.text($1, 0) ?? "", state: try $0.text($1, 1) ?? "", summary: try $0.text($1, 2) ?? "")
        }
    }

    /// The rows of a query on the storage about the monitored server ($1).
    private func rows<Row>(
        _ sql: String, _ make: (borrowing QueryResult, Int) throws -> Row
    ) async throws -> [Row] {
        var connection = try await PostgresConnection.open(
            PostgresSettings(url: stack.storageURL), timeout: .seconds(10))
        let result = try await connection.query(sql, [.text(Demo.server)])
        var rows: [Row] = []
        for row in 0..<result.rowCount { rows.append(try make(result, row)) }
        return rows
    }

    /// The sum of a metric's series on a service's health listener.
    private func metric(_ name: String, of service: String) async -> Int64? {
        guard let text = await HealthProbe.metrics(port: stack.healthPorts[service] ?? 0) else { return nil }
        var sum: Double?
        for line in text.split(separator: "\n") where line.hasPrefix(name + " ") || line.hasPrefix(name + "{") {
            if let value = line.split(separator: " ").last.flatMap({ Double($0) }) { sum = (sum ?? 0) + value }
        }
        return sum.map { Int64($0) }
    }
}
