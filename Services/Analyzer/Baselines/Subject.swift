/// What a baseline is kept of: one statement as one user in one database runs it, as pg_stat_statements tells them apart.
///
/// The server's `queryid` and not the statement's name: a row carries the name only once the collector knows it, and a
/// baseline must not begin again at that moment.
struct Subject: Hashable, Sendable {
    let database: String
    let username: String
    let queryid: Int64
    /// Run by a client itself, and not from within a function.
    let topLevel: Bool
}

extension Subject: CustomStringConvertible {
    /// Stable text of it, part of a finding's identity.
    var description: String { "\(queryid)/\(topLevel ? "top" : "nested")/\(database)/\(username)" }
}
