import Codec
import Postgres
import Runtime

/// The families of one server with what they remember, and the order in which they are read.
struct ServerFamilies: Sendable {
    private var statements = StatementsFamily(instance: "", recovered: nil)
    private var database = DatabaseFamily(instance: "", recovered: nil)
    private var system = SystemFamily(instance: "", recovered: nil)
    private var systemDisk = SystemDiskFamily(instance: "", recovered: nil)
    private var objects = ObjectNames()
    private var names = StatementNames()
    private var texts = TextPace()
    /// Whether the statements were read since names were last taken: only then is it known which the server has.
    private var knowsStatements = false

    /// Cheap ones that say how the server is come first. "statement_texts" has no table: it gives names to statements.
    static func names(local: Bool) -> [String] {
        ["connections", "activity", "lock_waits", "database", "statements", "statement_texts"]
            + (local ? ["system", "system_disk"] : [])
    }

    init() {}

    /// How many statements the server knows.
    var statementCount: Int { statements.rowCount }

    /// Goes on from what the spool remembers of a server.
    init(recoveredFrom spool: Spool, _ server: ServerSettings, _ desk: StatementDesk) async {
        statements = StatementsFamily(
            instance: server.id, recovered: await spool.recover(StatementsFamily.stateName(server.id)))
        database = DatabaseFamily(
            instance: server.id, recovered: await spool.recover(DatabaseFamily.stateName(server.id)))
        system = SystemFamily(instance: server.id, recovered: await spool.recover(SystemFamily.stateName(server.id)))
        systemDisk = SystemDiskFamily(
            instance: server.id, recovered: await spool.recover(SystemDiskFamily.stateName(server.id)))
        names = StatementNames(records: await spool.recover(StateName.names(server.id)) ?? [])
        desk.knows(names.all)
    }

    /// Reads what is due. A family that fails is said to have failed and the others go on, unless the connection is lost.
    /// Returns whether the catalogue should be asked again.
    mutating func read(
        _ due: [String], _ connection: inout PostgresConnection, _ context: inout ReadingContext,
        _ report: inout CycleReport, _ tables: inout [Table], _ batch: inout SpoolBatch, schedule: inout Schedule,
        spool: Spool, desk: StatementDesk
    ) async throws(PostgresError) -> Bool {
        // Unknown in a cycle that does not ask for the connections.
        var waiters: Int64?
        var reread = false
        await readSystem(due, context, &report, &tables, &batch, schedule: schedule, spool: spool)
        for family in due where !family.hasPrefix("system") {
            let start = context.clock.monotonic()
            let asked = connection.cost
            var reading = FamilyReading()
            do throws(PostgresError) {
                switch family {
                case "connections":
                    let (connections, waiting) = try await ConnectionsFamily.read(&connection, context)
                    (reading, waiters) = (connections, waiting)
                    Self.limit(&reading, context)
                case "activity":
                    reading = try await ActivityFamily.read(&connection, context)
                    Self.limit(&reading, context)
                // Nobody seen to wait is not nobody who waits: without a table it is a gap.
                case "lock_waits" where context.facts.restriction != nil: Self.limit(&reading, context)
                case "lock_waits":
                    reading =
                        waiters == 0
                        ? LockWaitsFamily.empty(context, time: context.clock.wall() + (report.clockOffset ?? 0))
                        : try await LockWaitsFamily.read(&connection, context, names: names, waiters: waiters ?? 0)
                case "database":
                    let full = await spool.wantsFull(DatabaseFamily.stateName(context.server.id))
                    reading = try await database.read(&connection, context, wantsFull: full)
                case "statements":
                    let full = await spool.wantsFull(StatementsFamily.stateName(context.server.id))
                    reading = try await statements.read(
                        &connection, context, names: &objects, statements: &names, wantsFull: full)
                    knowsStatements = !reading.states.isEmpty
                case "statement_texts":
                    guard context.facts.statements != nil, texts.isDue(at: start) else { continue }
                    let wanted = names.wanted(at: start, textSize: texts.meanLength(rows: statements.rowCount))
                    if wanted.isEmpty { continue }
                    reading = try await readTexts(wanted, &connection, context, desk)
                default: continue
                }
            } catch {
                reading = FamilyReading(outcome: Self.outcome(error, context))
                // 42P01, 42703, 42883: what we ask for is not there any more.
                if ["42P01", "42703", "42883"].contains(error.sqlState ?? "") { reread = true }
                if connection.isInTransaction {
                    do throws(PostgresError) {
                        try await connection.execute("ROLLBACK", timeout: context.timeout)
                    } catch {
                        // Whatever it was before: the server may go on with what it does not answer.
                        if error.code == .timeout { reading.outcome = Outcome(error) }
                        connection.drop()
                    }
                }
            }
            // An extension that is made later is found without a new connection.
            if reading.outcome.code == "extension_missing" { reread = true }
            tables += reading.tables
            batch.states += reading.states
            let duration = context.clock.monotonic() - start
            // Texts have a pace of their own.
            if family != "statement_texts" { _ = schedule.completed(family, cost: duration) }
            report.entries.append(
                CycleReport.Entry(
                    family: family, outcome: reading.outcome, duration: duration, answers: connection.cost - asked,
                    rows: reading.rows, leftOut: reading.leftOut, interval: schedule.interval(of: family)))
            guard connection.isUsable else {
                report.outcome = reading.outcome
                return false
            }
        }
        return reread
    }

    /// Says of a reading what the role could not see in it.
    private static func limit(_ reading: inout FamilyReading, _ context: ReadingContext) {
        guard let restriction = context.facts.restriction else { return }
        reading.outcome = Outcome(code: "permission_limited", message: "\(context.server.id): \(restriction)")
    }

    /// What an error means for a family.
    private static func outcome(_ error: PostgresError, _ context: ReadingContext) -> Outcome {
        var outcome = Outcome(error)
        // 55000 is what pg_stat_statements says when it was not preloaded.
        if error.sqlState == "55000", error.message.contains("pg_stat_statements") {
            outcome = Outcome(
                code: "not_preloaded",
                message:
                    "\(context.server.id): pg_stat_statements is not loaded: put it into shared_preload_libraries and restart the server"
            )
        } else if error.sqlState == "42501", error.message.contains("pg_stat_statements") {
            outcome.message += ": GRANT USAGE ON its schema and EXECUTE on its functions TO \(context.facts.roleName)"
        }
        return outcome
    }

    private mutating func readTexts(
        _ wanted: [Int64], _ connection: inout PostgresConnection, _ context: ReadingContext, _ desk: StatementDesk
    ) async throws(PostgresError) -> FamilyReading {
        let (now, rows) = (context.clock.monotonic(), statements.rowCount)
        var size = texts.known(at: now, rows: rows)
        var reading = StatementTexts.Reading()
        do throws(PostgresError) {
            reading = try await StatementTexts.read(wanted, size: &size, &connection, context)
        } catch {
            // 57014: the server's own statement_timeout.
            texts.failed(
                isTimeout: error.code == .timeout || error.sqlState == "57014", size: size, rows: rows,
                at: context.clock.monotonic())
            throw error
        }
        texts.looked(size: reading.bytes, limit: Int64(context.server.textBytes), rows: rows, at: now)
        if reading.outcome.isOK { names.asked(wanted, got: Set(reading.texts.map(\.queryid)), at: now) }
        let length = reading.texts.reduce(0) { $0 + $1.text.utf8.count }
        desk.take(reading.texts, instance: context.server.id, seenAt: context.clock.wall())
        if length > 1 << 20 { ProcessMemory.giveBack() }
        return FamilyReading(
            rows: reading.texts.count, leftOut: wanted.count - reading.texts.count, outcome: reading.outcome)
    }

    /// /proc, when it is due.
    mutating func readSystem(
        _ due: [String], _ context: ReadingContext, _ report: inout CycleReport, _ tables: inout [Table],
        _ batch: inout SpoolBatch, schedule: Schedule, spool: Spool
    ) async {
        for family in due where family.hasPrefix("system") {
            let start = context.clock.monotonic()
            let isDisk = family == "system_disk"
            let name =
                isDisk ? SystemDiskFamily.stateName(context.server.id) : SystemFamily.stateName(context.server.id)
            let full = await spool.wantsFull(name)
            let reading = isDisk ? systemDisk.read(context, wantsFull: full) : system.read(context, wantsFull: full)
            tables += reading.tables
            batch.states += reading.states
            report.entries.append(
                CycleReport.Entry(
                    family: family, outcome: reading.outcome, duration: context.clock.monotonic() - start,
                    rows: reading.rows, leftOut: reading.leftOut, interval: schedule.interval(of: family)))
        }
    }

    /// Names that were found for statements, to be as durable as their texts.
    mutating func take(
        _ found: [(queryid: Int64, name: String)], _ batch: inout SpoolBatch, spool: Spool, instance: String
    ) async {
        for (queryid, name) in found { names.learn(queryid, name) }
        let state = StateName.names(instance)
        // A server that was not read has forgotten nothing.
        let pruned =
            knowsStatements && names.prune(keeping: { statements.queryids }, rows: statements.rowCount)
        knowsStatements = false
        if pruned {
            batch.states.append(SpoolState(name: state, kind: .full, records: [names.full()]))
        } else if !found.isEmpty {
            if await spool.wantsFull(state) {
                batch.states.append(SpoolState(name: state, kind: .full, records: [names.full()]))
            } else if let changes = names.changes() {
                batch.states.append(SpoolState(name: state, kind: .increment, records: [changes]))
            }
        }
    }
}
