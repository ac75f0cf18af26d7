import Codec
import Postgres

/// What a family's reading gave.
struct FamilyReading: Sendable {
    var tables: [Table] = []
    var states: [SpoolState] = []
    /// Rows sent, and rows read but not sent.
    var rows = 0
    var leftOut = 0
    var outcome = Outcome.ok
}

/// What every family's reading needs to know.
struct ReadingContext: Sendable {
    var server: ServerSettings
    var collector: String
    var facts: ServerFacts
    /// When the server started (µs UTC).
    var serverStart: Int64
    var clock: CollectorClock
    /// How long we wait for an answer: a little longer than the server's own time-out.
    var timeout: Duration { server.statementTimeout + .seconds(2) }

    func builder(_ family: Family, reserving rows: Int = 0) -> TableBuilder {
        TableBuilder(
            family: family, instance: server.id, collector: collector, serverVersion: Int32(facts.version),
            reserving: rows)
    }

    /// A reading's head for the server's clock at the read.
    func head(serverTime: Int64) -> ReadingHead {
        ReadingHead(
            systemIdentifier: facts.systemIdentifier, serverStart: serverStart, serverTime: serverTime,
            monotonic: clock.monotonic(), boot: clock.boot)
    }
}
