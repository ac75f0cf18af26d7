/// What a column of a reading is to its deltas.
enum ReadingKind: UInt8, Sendable {
    /// A count that grows, whole.
    case counter = 1
    /// A sum that grows, held as the bits of a double.
    case doubleCounter = 2
    /// A value that is what it is; in a row it stands only when it changed.
    case gauge = 3
}

/// A column of a reading, in the order of its values.
struct ReadingColumn: Equatable, Sendable {
    var name: String
    var kind: ReadingKind
}

/// Which row: what the server itself knows it by, such as (userid, dbid, queryid, toplevel).
struct RowKey: Hashable, Sendable {
    var first: Int64
    var second: Int64 = 0
    var third: Int64 = 0
    var fourth: Int64 = 0
}

/// When and of what a reading was taken: what decides whether the next one may be subtracted from it.
struct ReadingHead: Equatable, Sendable {
    /// Which cluster answered; another one's counters have nothing to do with these.
    var systemIdentifier: Int64 = 0
    /// When the server started (µs UTC).
    var serverStart: Int64 = 0
    /// When all counters were reset (µs UTC), where the server says it: pg_stat_statements_info, from 14 on.
    var statsReset: Int64?
    /// How often entries were evicted, where the server says it.
    var evictions: Int64?
    /// The only role whose rows the server showed, where it hid others'.
    var onlyRole: Int64?
    /// The server's clock at the read (µs UTC).
    var serverTime: Int64 = 0
    /// The collector's clock since its machine started (µs), and which start that was.
    var monotonic: Int64 = 0
    var boot: Int64 = 0

    /// By how much (µs) a server's clock may have been set back without its restart being taken for another server. Little:
    /// a restart that is not believed costs an interval, a standby that is taken for one counts its whole life.
    private static let clockStep: Int64 = 1_000_000

    /// Whether the same server gave this reading and an earlier one.
    ///
    /// A standby has its primary's identifier, and its own counters, of its whole life. Where it has taken over behind the
    /// same address, it started or was reset before the earlier reading, of which that reading would have known.
    func isOfSameServer(as earlier: ReadingHead) -> Bool {
        guard systemIdentifier == earlier.systemIdentifier else { return false }
        // The same process: what it says happened to itself.
        guard serverStart != earlier.serverStart else { return true }
        if !Self.isAfter(serverStart, earlier) { return false }
        guard let statsReset, let known = earlier.statsReset, statsReset != known else { return true }
        return Self.isAfter(statsReset, earlier)
    }

    private static func isAfter(_ instant: Int64, _ reading: ReadingHead) -> Bool {
        let (earliest, overflow) = reading.serverTime.subtractingReportingOverflow(clockStep)
        return overflow || instant > earliest
    }

    /// Microseconds from an earlier reading to this one: by the collector's monotonic clock, which goes on when the
    /// collector is restarted; by the server's clock when the collector's machine was.
    func interval(since earlier: ReadingHead) -> Int64 {
        let (passed, overflow) =
            boot == earlier.boot
            ? monotonic.subtractingReportingOverflow(earlier.monotonic)
            : serverTime.subtractingReportingOverflow(earlier.serverTime)
        // A server's clock that says infinity says nothing.
        return overflow ? 0 : max(0, passed)
    }
}

/// The place of a value that the server did not give.
let missingValue = Int64.min

/// Whole nanoseconds of a server's milliseconds; what is no such number counts as not given.
func nanoseconds(_ milliseconds: Double?) -> Int64 {
    guard let milliseconds else { return missingValue }
    return Int64(exactly: (milliseconds * 1e6).rounded()) ?? missingValue
}

/// Whole microseconds of a duration in seconds. One that began after the clock was asked lasted nothing.
func microseconds(_ seconds: Double) -> Int64 { Int64(exactly: (max(0, seconds) * 1e6).rounded()) ?? 0 }
