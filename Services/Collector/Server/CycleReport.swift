import Codec
import Postgres

/// What came of a cycle: the two tables that are sent whatever happened.
struct CycleReport: Sendable {
    /// What came of a family.
    struct Entry: Sendable {
        var family: String
        var outcome: Outcome
        var duration: Int64
        /// How long the server's answers were waited for and how large they were; `nil` for what is not asked of a server.
        var answers: StatementCost?
        var rows: Int
        var leftOut: Int
        var interval: Int64
    }

    var outcome = Outcome.ok
    var isUp = false
    var serverVersion = 0
    var versionText = ""
    var systemIdentifier: Int64 = 0
    var timeline: Int64?
    var inRecovery: Bool?
    var serverStart: Int64?
    var clockOffset: Int64?
    var backends = 0
    var duration: Int64 = 0
    var nextInterval: Int64 = 0
    var entries: [Entry] = []

    func tables(_ server: ServerSettings, collector: String, time: Int64) -> [Table] {
        var cycle = TableBuilder(
            family: .cycle, instance: server.id, collector: collector, serverVersion: Int32(serverVersion))
        func set(_ name: String, _ value: Int64?) {
            if let value, let handle = cycle.column(name) { cycle.set(handle, value) }
        }
        func set(_ name: String, _ value: String) {
            if !value.isEmpty, let handle = cycle.column(name) { cycle.set(handle, value) }
        }
        set("outcome", outcome.code)
        set("message", outcome.message)
        set("server_version", versionText)
        set("system_identifier", systemIdentifier == 0 ? "" : String(UInt64(bitPattern: systemIdentifier)))
        set("timeline", timeline)
        set("hostname", server.host)
        set("port", Int64(server.port))
        set("up", isUp ? 1 : 0)
        set("duration", duration)
        set("backends", Int64(backends))
        set("in_recovery", inRecovery.map { $0 ? 1 : 0 })
        set("server_start", serverStart)
        set("clock_offset", clockOffset)
        set("next_interval", nextInterval)
        cycle.endRow()
        var tables = [cycle.finish(time: time, interval: 0)]
        guard !entries.isEmpty else { return tables }
        var families = TableBuilder(
            family: .cycleFamily, instance: server.id, collector: collector, serverVersion: Int32(serverVersion))
        let labels = ["family", "outcome", "message"].map { families.add($0, .label, .none, .text) }
        let numbers = ["duration", "rows", "left_out", "interval", "server_time", "bytes"].map { families.column($0) }
        for entry in entries {
            families.set(labels[0], entry.family)
            families.set(labels[1], entry.outcome.code)
            if !entry.outcome.message.isEmpty { families.set(labels[2], entry.outcome.message) }
            let values = [
                entry.duration, Int64(entry.rows), Int64(entry.leftOut), entry.interval,
                entry.answers?.time.microseconds, entry.answers.map { Int64($0.bytes) },
            ]
            for (handle, value) in zip(numbers, values) {
                if let handle, let value { families.set(handle, value) }
            }
            families.endRow()
        }
        tables.append(families.finish(time: time, interval: 0))
        return tables
    }
}

extension SpoolMessage {
    /// A table, in as many messages as it takes.
    static func messages(_ table: Table) -> [SpoolMessage] {
        table.split().map {
            SpoolMessage(
                topic: Topics.samples.name, key: $0.instance, type: Table.name, version: Topics.samples.version,
                time: $0.time, sequenced: Topics.samples.sequenced, payload: $0.encoded())
        }
    }
}
