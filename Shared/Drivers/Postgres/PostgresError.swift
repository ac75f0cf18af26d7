/// What went wrong with a PostgreSQL server, in one line that names the place, the cause and the remedy.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; open, so that a later release can add one.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code as it appears in logs and metrics.
        public let description: String

        /// A code of the given name.
        public init(_ name: String) { description = name }

        /// The server could not be reached, refused the connection, or went away.
        public static let connection = Code("connection")
        /// The server refused the user: password, `pg_hba.conf`, missing role.
        public static let authentication = Code("authentication")
        /// Our own deadline passed; the connection was dropped.
        public static let timeout = Code("timeout")
        /// The server refused a statement; see `sqlState`.
        public static let query = Code("query")
        /// The connection was closed before.
        public static let closed = Code("closed")
        /// The task was cancelled; the connection was dropped.
        public static let cancelled = Code("cancelled")
        /// A cell was asked for as a type that it is not.
        public static let type = Code("type")
        /// The settings make no sense.
        public static let settings = Code("settings")
        /// A migration cannot be run as asked.
        public static let migration = Code("migration")
        /// A private server could not be made, started or stopped.
        public static let process = Code("process")
    }

    /// The kind of failure.
    public var code: Code
    /// The server's five-character code, when the server answered.
    public var sqlState: String?
    /// One line: where, what, and what to do about it.
    public var message: String
    /// The server's DETAIL, if it sent one. It may hold values of rows: never log it beside a user's data.
    public var detail: String?
    /// The server's HINT, if it sent one.
    public var hint: String?

    /// An error of the given kind.
    public init(
        _ code: Code, _ message: String, sqlState: String? = nil, detail: String? = nil, hint: String? = nil
    ) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.detail = detail
        self.hint = hint
    }

    /// The message.
    public var description: String { message }

    /// Whether the same request can succeed later with nothing changed by a person: the server is away, starting,
    /// full, or two transactions met.
    public var isRetriable: Bool {
        switch code {
        case .connection, .timeout, .closed: return true
        case .query, .authentication: break
        default: return false
        }
        guard let sqlState else { return false }
        // 08 connection, 53 out of resources (disk, memory, connections), 57 an administrator's or a crash's doing,
        // 58 the operating system's, 40 serialization failure and deadlock, 55P03 lock not available.
        let retriableClasses = ["08", "53", "57", "58", "40"]
        return retriableClasses.contains { sqlState.hasPrefix($0) } || sqlState == "55P03"
    }

    /// The same error with another message: a caller adds what it was doing.
    public func with(message: String) -> PostgresError {
        var copy = self
        copy.message = message
        return copy
    }
}
