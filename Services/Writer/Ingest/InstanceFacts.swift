import Codec

/// What a cycle says about the server itself; stored when it changes.
struct InstanceFacts: Equatable, Sendable {
    var host: String?
    var port: Int64?
    var systemIdentifier: String?
    var timeline: Int64?
    var serverVersion: String?
    var collector: String

    /// From a table of the family `cycle`; nil when the server did not answer, for then it says nothing about itself.
    init?(_ table: borrowing Table) {
        guard table.family == Family.cycle.name, table.rowCount > 0 else { return nil }
        let row = table.rowCount - 1
        guard table.integer("up", row) != 0 else { return nil }
        host = table.string("hostname", row)
        port = table.integer("port", row)
        systemIdentifier = table.string("system_identifier", row)
        timeline = table.integer("timeline", row)
        serverVersion = table.string("server_version", row)
        collector = table.collector
    }
}
