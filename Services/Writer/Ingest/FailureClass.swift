import Offsets
import Postgres

/// What a failed transaction means: the three kinds of errors there are.
enum FailureClass: Equatable {
    /// The database is away, full, starting, too old: the same batch again, for as long as it takes.
    case infrastructure
    /// The database refuses a value: one message of the batch is bad.
    case badData
    /// What we remember is not there any more: a day's partition, an instance.
    case outdated
    /// Somebody else owns a partition now.
    case fenced

    init(_ error: any Error) {
        if error is OffsetError {
            self = .fenced
            return
        }
        guard let error = error as? PostgresError, error.code == .query, let state = error.sqlState else {
            self = .infrastructure
            return
        }
        // 22 data exceptions (a zero byte, out of range), 23 constraints, 54 beyond the limits of a row or an index.
        // Of the constraints, no partition for a time (23514) and no instance for a number (23503) are not the message's.
        switch state {
        case "23514", "23503": self = .outdated
        case _ where state.hasPrefix("22") || state.hasPrefix("23") || state.hasPrefix("54"): self = .badData
        default: self = .infrastructure
        }
    }
}
