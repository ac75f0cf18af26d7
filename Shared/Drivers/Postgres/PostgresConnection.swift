import CLibpq
import Runtime

/// One connection to a PostgreSQL server, owned by one task.
///
/// A `PGconn` used from two threads is corrupted, even by "reading" calls; a noncopyable value lets the compiler refuse
/// that. All waiting is asynchronous and has a deadline of ours; a statement that misses it costs the connection
/// (`PQcancel` blocks, and opens a second, unencrypted connection: it is never used).
public struct PostgresConnection: ~Copyable, @unchecked Sendable {
    // Sendable without the compiler's proof: the handle is touched only through the one owner of this value, one call
    // at a time, and nothing else in the process knows it.

    /// Nil once the connection was dropped.
    var handle: OpaquePointer?
    let target: PostgresTarget
    let notices: NoticeSink?
    /// What `query` and `execute` took so far.
    public internal(set) var cost = StatementCost()

    init(handle: OpaquePointer, target: PostgresTarget, notices: NoticeSink?) {
        self.handle = handle
        self.target = target
        self.notices = notices
    }

    deinit {
        if let handle { PQfinish(handle) }
    }

    /// Whether another statement can be sent.
    public var isUsable: Bool {
        guard let handle else { return false }
        return PQstatus(handle) == CONNECTION_OK
    }

    /// The server's version as a number: 150004, 90624; 0 when the connection was dropped.
    public var serverVersion: Int {
        guard let handle else { return 0 }
        return Int(PQserverVersion(handle))
    }

    /// The server's process that serves this connection; 0 when dropped.
    public var backendPID: Int32 {
        guard let handle else { return 0 }
        return PQbackendPID(handle)
    }

    /// Whether a transaction is open (or failed and waits for its rollback).
    public var isInTransaction: Bool {
        guard let handle else { return false }
        return PQtransactionStatus(handle) != PQTRANS_IDLE
    }

    /// `host:port/database as user`, for logs.
    public var place: String { target.description }

    /// What the server last reported for one of its reported settings (`TimeZone`, `in_hot_standby`, …).
    public func parameterStatus(_ name: String) -> String? {
        guard let handle, let value = PQparameterStatus(handle, name) else { return nil }
        return String(cString: value)
    }

    /// Ends the connection politely.
    public consuming func close() {}  // deinit says goodbye without blocking: the connection is non-blocking

    /// Ends the connection at once, whatever state it is in.
    public mutating func drop() {
        guard let handle else { return }
        PQfinish(handle)
        self.handle = nil
    }

    /// Takes what the server sent on its own since the last statement, such as its goodbye, without waiting.
    ///
    /// - Returns: whether the connection is still usable.
    public mutating func refresh() -> Bool {
        guard let handle, PQconsumeInput(handle) == 1, PQstatus(handle) == CONNECTION_OK else {
            drop()
            return false
        }
        return true
    }

    /// The handle, or `.closed`.
    func usableHandle() throws(PostgresError) -> OpaquePointer {
        guard let handle else {
            throw PostgresError(.closed, "\(target): the connection was closed before: open a new one")
        }
        return handle
    }

    /// Waits for the socket, which libpq may replace at any time while connecting: it is asked for each time.
    mutating func wait(
        for interest: SocketReadiness.Interest, until deadline: ContinuousClock.Instant,
        doing what: @autoclosure () -> String
    ) async throws(PostgresError) {
        let handle = try usableHandle()
        let socket = PQsocket(handle)
        guard socket >= 0 else { throw lost() }
        let outcome: SocketReadiness.Outcome
        do {
            outcome = try await SocketReadiness.shared().wait(fileDescriptor: socket, for: interest, until: deadline)
        } catch {
            drop()
            throw PostgresError(.cancelled, "\(target): cancelled while \(what()); the connection was dropped")
        }
        if case .timedOut = outcome {
            drop()
            throw PostgresError(
                .timeout, "\(target): no answer in time while \(what()); the connection was dropped")
        }
    }

    /// The error for a connection that broke under us; drops it.
    mutating func lost() -> PostgresError {
        let text = handle.map { String(cString: PQerrorMessage($0)) } ?? ""
        drop()
        let reason = text.split(separator: "\n").first.map(String.init) ?? "connection lost"
        return PostgresError(.connection, "\(target): the connection was lost (\(reason)): it is opened anew on retry")
    }
}
