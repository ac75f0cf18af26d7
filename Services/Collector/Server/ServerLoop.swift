import Codec
import Postgres
import Runtime

/// One server: connects, reads what is due, stores it, and goes on for as long as the process lives.
///
/// One task owns all of it, the connection included; cycles of a server never overlap.
struct ServerLoop {
    let server: ServerSettings
    let collector: String
    let spool: Spool
    let desk: StatementDesk
    let progress: CollectorProgress
    let logger: Logger
    let clock: CollectorClock

    var schedule: Schedule
    var budget = BackendBudget()
    /// Which of the server's addresses is tried first.
    private var turn = 0
    private var backoff: Backoff
    /// Until when a server that refuses us is left alone, and why it does.
    private var pausedUntil: Int64 = 0
    private var refusal = Outcome.ok
    var families = ServerFamilies()
    /// What was last said in the log of the server and of each family.
    private var said: [String: Outcome] = [:]

    init(
        _ server: ServerSettings, collector: String, spool: Spool, desk: StatementDesk, progress: CollectorProgress,
        logger: Logger, clock: CollectorClock, window: Int64, allowance: Int64
    ) {
        self.server = server
        self.collector = collector
        self.spool = spool
        self.desk = desk
        self.progress = progress
        self.logger = logger.with([.serverID: LogValue(server.id)])
        self.clock = clock
        schedule = Schedule(
            interval: server.interval.microseconds, id: server.id,
            families: ServerFamilies.names(local: server.isLocal),
            window: window, allowance: allowance)
        backoff = Backoff(first: .seconds(1), last: .seconds(60))
    }

    /// Runs until the shutdown.
    mutating func run(_ shutdown: Shutdown) async {
        families = await ServerFamilies(recoveredFrom: spool, server, desk)
        var plan = schedule.next(after: clock.monotonic())
        while await sleep(until: plan.at, shutdown) {
            let start = clock.monotonic()
            var report = CycleReport()
            do throws(PostgresError) {
                var facts = ServerFacts()
                var connection = try await connect(&facts)
                logger.info("Connected to the server", [.serverVersion: LogValue(facts.versionText)])
                let dropped = await session(&connection, &facts, &plan, start, shutdown)
                if dropped {
                    let end = clock.monotonic() + server.statementTimeout.microseconds + 1_000_000
                    budget.dropped(until: end)
                } else {
                    budget.closed()
                }
                if shutdown.isRequested { return }
                continue
            } catch {
                report.outcome = Outcome(error)
                // Who refuses a statement is there.
                report.isUp = error.code == .query
            }
            await finish(&report, plan, start, [], SpoolBatch())
            plan = schedule.next(after: clock.monotonic())
        }
    }

    /// Returns false at the shutdown.
    private func sleep(until instant: Int64, _ shutdown: Shutdown) async -> Bool {
        await shutdown.sleep(for: .microseconds(max(0, instant - clock.monotonic())))
        return !shutdown.isRequested
    }

    /// Connects, unless the server was asked to lately and refused, or two backends of ours may be there already.
    private mutating func connect(_ facts: inout ServerFacts) async throws(PostgresError) -> PostgresConnection {
        let now = clock.monotonic()
        if now < pausedUntil { throw PostgresError(.init(refusal.code), refusal.message) }
        guard budget.take(at: now) else {
            throw PostgresError(
                .init("backends_taken"),
                "\(server.host):\(server.port): two connections of ours may still be open there after time-outs; waiting until the server has let go of them"
            )
        }
        // The one that was taken, and what is left: a name's further addresses are backends too.
        var attempts = ConnectAttempts(limit: 1 + budget.left(at: now), turn: turn)
        defer {
            turn = attempts.turn
            // A server that did not answer may have made a backend that waits for us, for authentication_timeout at most.
            let (abandoned, end) = (attempts.abandoned, clock.monotonic() + 60_000_000)
            budget.abandoned(abandoned, until: end)
        }
        do throws(PostgresError) {
            let opened = try await ServerSession.open(
                server, facts: &facts, timeout: .seconds(5), attempts: &attempts, logger: logger)
            backoff.succeeded()
            refusal = .ok
            return opened
        } catch {
            budget.closed()
            let pause = backoff.failed(random: Double.random(in: 0...1))
            // What is away is looked for in each cycle; who refuses us is asked more and more seldom.
            let isRefusal = error.code == .authentication || error.sqlState == "53300"
            pausedUntil = isRefusal ? clock.monotonic() + pause.microseconds : 0
            refusal = Outcome(error)
            throw error
        }
    }

    /// Cycles over one connection until it is lost. Returns whether the server may still hold it.
    private mutating func session(
        _ connection: inout PostgresConnection, _ facts: inout ServerFacts,
        _ plan: inout (at: Int64, families: [String]),
        _ connected: Int64, _ shutdown: Shutdown
    ) async -> Bool {
        var start = connected
        var isFirst = true
        while true {
            // A server that was restarted meanwhile has said goodbye: connecting anew belongs to this cycle.
            if !isFirst, !connection.refresh() { return false }
            isFirst = false
            var report = CycleReport()
            var batch = SpoolBatch()
            var tables: [Table] = []
            var reread = false
            do throws(PostgresError) {
                var context = try await head(&connection, facts, &report)
                reread = try await families.read(
                    plan.families, &connection, &context, &report, &tables, &batch, schedule: &schedule, spool: spool,
                    desk: desk)
            } catch {
                if report.outcome.isOK { report.outcome = Outcome(error) }
            }
            await finish(&report, plan, start, tables, batch)
            // The answers of a large server take many times what is kept of them.
            if families.statementCount > 2_000 { ProcessMemory.giveBack() }
            plan = schedule.next(after: clock.monotonic())
            guard connection.isUsable else {
                return report.outcome.code == "timeout" || report.entries.contains { $0.outcome.code == "timeout" }
            }
            // The catalogue has changed under us (an extension was made or updated): the columns are asked for again.
            if reread {
                do throws(PostgresError) {
                    facts = try await ServerFacts(asking: &connection, timeout: server.statementTimeout + .seconds(2))
                } catch {
                    if !connection.isUsable { return error.code == .timeout }
                }
            }
            guard await sleep(until: plan.at, shutdown) else { return false }
            start = clock.monotonic()
        }
    }

    /// Whether the server answers, and what it is now.
    private func head(
        _ connection: inout PostgresConnection, _ facts: ServerFacts, _ report: inout CycleReport
    ) async throws(PostgresError) -> ReadingContext {
        let timeline = facts.mayReadControl ? "(SELECT timeline_id FROM pg_control_checkpoint())" : "NULL::int"
        let before = clock.wall()
        let result = try await connection.query(
            "SELECT clock_timestamp(), pg_postmaster_start_time(), pg_is_in_recovery(), \(timeline)",
            timeout: server.statementTimeout + .seconds(2))
        let after = clock.wall()
        report.isUp = true
        report.serverVersion = facts.version
        report.versionText = facts.versionText
        report.systemIdentifier = facts.systemIdentifier
        // A clock that says what no calendar holds says nothing.
        report.clockOffset = try result.timestamp(0, 0).flatMap { time in
            Codec.Timestamp.writable.contains(time) ? time - (before + after) / 2 : nil
        }
        report.serverStart = try result.timestamp(0, 1)
        report.inRecovery = try result.bool(0, 2)
        report.timeline = try result.int(0, 3)
        return ReadingContext(
            server: server, collector: collector, facts: facts, serverStart: report.serverStart ?? 0, clock: clock)
    }

    /// Stores what the cycle gave, with what came of it.
    private mutating func finish(
        _ report: inout CycleReport, _ plan: (at: Int64, families: [String]), _ start: Int64, _ tables: [Table],
        _ batch: SpoolBatch
    ) async {
        report.duration = clock.monotonic() - start
        report.backends = budget.count(at: clock.monotonic())
        report.nextInterval = server.interval.microseconds
        // /proc does not need the server.
        var batch = batch
        var tables = tables
        if !report.isUp, server.isLocal {
            let context = ReadingContext(
                server: server, collector: collector, facts: ServerFacts(), serverStart: 0, clock: clock)
            await families.readSystem(
                plan.families, context, &report, &tables, &batch, schedule: schedule, spool: spool)
        }
        let time = clock.wall()
        tables += report.tables(server, collector: collector, time: time)
        for table in tables { batch.messages += SpoolMessage.messages(table) }
        let statements = desk.collect(server.id)
        batch.messages += statements.messages
        await families.take(statements.names, &batch, spool: spool, instance: server.id)
        await spool.store(batch)
        progress.finished(server, report, samples: tables.reduce(0) { $0 + $1.sampleCount }, at: time)
        say("server", report.outcome)
        for entry in report.entries { say(entry.family, entry.outcome) }
    }

    /// One line when something goes wrong, one when it is well again; nothing in between.
    private mutating func say(_ subject: String, _ outcome: Outcome) {
        let last = said[subject] ?? .ok
        guard last.code != outcome.code else { return }
        said[subject] = outcome
        if outcome.isOK {
            logger.info("Reads again", [.familyName: LogValue(subject)])
        } else if subject == "server" {
            logger.warning(
                "The server cannot be read",
                [.errorCode: LogValue(outcome.code), .errorMessage: LogValue(outcome.message)])
        } else {
            logger.warning(
                "A family cannot be read in full",
                [
                    .familyName: LogValue(subject), .errorCode: LogValue(outcome.code),
                    .errorMessage: LogValue(outcome.message),
                ])
        }
    }
}
