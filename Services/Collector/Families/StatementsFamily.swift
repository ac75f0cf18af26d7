import Codec
import Postgres

/// pg_stat_statements: counters only, without texts, the difference to the reading before.
struct StatementsFamily: Sendable {
    private var columns = StatementColumns([])
    private var view: ServerFacts.StatementsView?
    private var delta = CounterDelta(columns: [])
    private var records: [[UInt8]]?
    private let state: String

    /// Goes on from what the spool remembers.
    init(instance: String, recovered records: [[UInt8]]?) {
        self.records = records
        state = Self.stateName(instance)
    }

    static func stateName(_ instance: String) -> String { StateName.reading(instance, "statements") }

    /// How many entries the server had at the last reading, and of which statements.
    var rowCount: Int { delta.rowCount }
    var queryids: Set<Int64> { Set(delta.slots.keys.map(\.third)) }

    /// The state record is a full one when the spool wants it.
    mutating func read(
        _ connection: inout PostgresConnection, _ context: ReadingContext, names: inout ObjectNames,
        statements: inout StatementNames, wantsFull: Bool
    ) async throws(PostgresError) -> FamilyReading {
        guard let view = context.facts.statements else {
            return FamilyReading(outcome: Self.missing(context))
        }
        let isNew = adopt(view)
        let sql =
            "SELECT \(columns.selected.map { "s.\"\($0)\"" }.joined(separator: ", ")) "
            + "FROM \(view.quotedSchema).pg_stat_statements(false) s LIMIT \(context.server.maximalStatements + 1)"
        // A reset between the two questions would pair old counters with a new reset's time, and count twice: asked
        // before and after, the answers must agree.
        for attempt in 0..<2 {
            let before = try await head(&connection, context, view)
            let result = try await connection.query(sql, timeout: context.timeout)
            guard result.rowCount <= context.server.maximalStatements else {
                return FamilyReading(
                    leftOut: result.rowCount,
                    outcome: Outcome(
                        code: "too_many_rows",
                        message:
                            "\(connection.place): more than \(context.server.maximalStatements) statements: raise max_statements of the server, or lower pg_stat_statements.max there"
                    ))
            }
            let after = view.hasInfo ? try await head(&connection, context, view) : before
            if after.statsReset != before.statsReset, attempt == 0 { continue }
            guard after.statsReset == before.statsReset else { break }
            try await names.refresh(
                &connection, context, databases: result, StatementColumns.database, StatementColumns.user)
            return try take(
                result, before, evictions: after.evictions, context, names, &statements, wantsFull: wantsFull || isNew)
        }
        return FamilyReading(
            outcome: Outcome(
                code: "reset_while_read",
                message: "\(connection.place): pg_stat_statements was reset while it was read; the next cycle reads it")
        )
    }

    /// Takes over the columns of this session. Returns whether the reading begins anew with them.
    private mutating func adopt(_ view: ServerFacts.StatementsView) -> Bool {
        guard self.view != view || records != nil else { return false }
        let columns = StatementColumns(view.columns)
        defer {
            self.view = view
            self.columns = columns
            records = nil
        }
        if let records, let recovered = CounterDelta(columns: columns.reading, records: records) {
            delta = recovered
            return false
        }
        if delta.columns == columns.reading { return false }
        delta = CounterDelta(columns: columns.reading)
        return true
    }

    private func head(
        _ connection: inout PostgresConnection, _ context: ReadingContext, _ view: ServerFacts.StatementsView
    ) async throws(PostgresError) -> ReadingHead {
        guard view.hasInfo else {
            let result = try await connection.query("SELECT clock_timestamp()", timeout: context.timeout)
            return context.head(serverTime: try result.timestamp(0, 0) ?? 0)
        }
        let result = try await connection.query(
            "SELECT clock_timestamp(), i.stats_reset, i.dealloc FROM \(view.quotedSchema).pg_stat_statements_info() i",
            timeout: context.timeout)
        var head = context.head(serverTime: try result.timestamp(0, 0) ?? 0)
        head.statsReset = try result.timestamp(0, 1)
        head.evictions = try result.int(0, 2)
        return head
    }

    private mutating func take(
        _ result: borrowing QueryResult, _ head: ReadingHead, evictions: Int64?, _ context: ReadingContext,
        _ names: ObjectNames, _ statements: inout StatementNames, wantsFull: Bool
    ) throws(PostgresError) -> FamilyReading {
        var table = StatementsTable(context, columns, names)
        var hidden = 0
        var leftOut = 0
        delta.begin(head, evictions: evictions)
        if delta.head == nil { delta.reserve(result.rowCount) }
        statements.beginReading()
        var row = [Int64](repeating: 0, count: columns.values.count + columns.squares.count)
        let nothing = [Int64](repeating: 0, count: row.count)
        var merged: MergedRows?
        if columns.toplevel == nil, context.facts.version >= 140_000 {
            merged = MergedRows(columns: columns.reading)
        }
        func count(_ key: RowKey, since: Int64, _ row: [Int64]) {
            switch delta.row(key, since: since, row) {
            case .unmoved:
                if let name = statements.nameOwed(key.third) {
                    table.add(key, deltas: nothing, .ok, name: name)
                } else {
                    leftOut += 1
                }
            case .moved(let quality):
                table.add(key, deltas: delta.deltas, quality, name: statements.nameDue(key.third))
            case .unknown(let quality): table.add(key, deltas: nil, quality, name: statements.nameDue(key.third))
            }
        }
        for index in 0..<result.rowCount {
            // Without pg_monitor the server hides which statement of somebody else's it is.
            guard let queryid = try result.int(index, StatementColumns.query) else {
                hidden += 1
                continue
            }
            let key = RowKey(
                first: try result.int(index, StatementColumns.user) ?? 0,
                second: try result.int(index, StatementColumns.database) ?? 0, third: queryid,
                fourth: try columns.toplevel.map { place throws(PostgresError) in try result.int(index, place) ?? 1 }
                    ?? 1)
            try fill(&row, result, index)
            statements.seen(queryid)
            guard merged == nil else {
                merged?.add(key, row)
                continue
            }
            count(
                key,
                since: try columns.since.map { place throws(PostgresError) in try result.timestamp(index, place) ?? 0 }
                    ?? 0, row)
        }
        if let merged {
            for (index, key) in merged.keys.enumerated() { count(key, since: 0, Array(merged.row(index))) }
        }
        if hidden > 0 { delta.hides(allBut: context.facts.role) }
        let (interval, isFirst) = (delta.interval, delta.head == nil)
        let (gone, quality) = delta.end()
        for key in gone { table.add(key, deltas: nil, quality, name: statements.nameOwed(key.third)) }
        statements.endReading()
        let finished = table.finish(time: head.serverTime, interval: interval)
        let full = wantsFull || isFirst
        let record = SpoolState(
            name: state, kind: full ? .full : .increment, records: [full ? delta.full() : delta.changes()])
        var reading = FamilyReading(
            tables: [finished], states: [record], rows: finished.rowCount, leftOut: leftOut + hidden)
        if let restriction = context.facts.restriction {
            reading.outcome = Outcome(
                code: "permission_limited",
                message: "\(context.server.id): \(restriction) (\(hidden) statements hidden)")
        }
        return reading
    }

    private func fill(_ row: inout [Int64], _ result: borrowing QueryResult, _ index: Int) throws(PostgresError) {
        for place in columns.values.indices {
            let source = columns.values[place].source
            switch columns.values[place].conversion {
            case .integer: row[place] = try result.int(index, source) ?? missingValue
            case .milliseconds:
                row[place] = nanoseconds(try result.double(index, source))
            case .timestamp: row[place] = try result.timestamp(index, source) ?? missingValue
            case .double:
                row[place] = try result.double(index, source).map { Int64(bitPattern: $0.bitPattern) } ?? missingValue
            }
        }
        for (offset, squares) in columns.squares.enumerated() {
            let sum = StatementColumns.sumOfSquares(
                count: row[squares.count], total: row[squares.total],
                deviation: try result.double(index, squares.deviation) ?? 0)
            row[columns.values.count + offset] = Int64(bitPattern: sum.bitPattern)
        }
    }

    private static func missing(_ context: ReadingContext) -> Outcome {
        Outcome(
            code: "extension_missing",
            message: "\(context.server.id): no pg_stat_statements in database \(context.server.database): "
                + "CREATE EXTENSION pg_stat_statements there (and shared_preload_libraries = 'pg_stat_statements'), or set database to the one that has it"
        )
    }
}
