public import Runtime
import Synchronization

/// At most so many connections to one database, lent one task at a time and opened when needed.
public final class PostgresPool: Sendable {
    /// A connection in a box, for a queue cannot hold noncopyable values. Whoever took the box out owns what is in it.
    private final class Box: @unchecked Sendable {
        // Sendable without the compiler's proof: a box is either idle in the pool, under its lock, or with one task.
        var connection: PostgresConnection?
    }

    private enum Grant: Sendable {
        case box(Box)
        case open
        case refused(PostgresError)
    }

    private struct State {
        var idle: [Box] = []
        var lent = 0
        var closed = false
        var nextWaiter = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<Grant, Never>)] = []
        /// Cancelled or timed out before they were in the queue.
        var gone: [Int: PostgresError] = [:]
    }

    private let settings: PostgresSettings
    private let limit: Int
    private let logger: Logger
    private let patience: Duration
    private let connectTimeout: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - patience: how long a caller waits for its turn.
    ///   - connectTimeout: how long a connection may take to open.
    public init(
        _ settings: PostgresSettings, limit: Int, patience: Duration = .seconds(10),
        connectTimeout: Duration = .seconds(10), logger: Logger
    ) {
        self.connectTimeout = connectTimeout
        self.settings = settings
        self.limit = max(1, limit)
        self.patience = patience
        self.logger = logger
    }

    /// Lends a connection to `body`. One that comes back broken, or with a transaction still open, is not lent again.
    public func withConnection<T: Sendable>(
        _ body: (inout PostgresConnection) async throws -> T
    ) async throws -> T {
        let box = try await acquire()
        var connection: PostgresConnection
        do throws(PostgresError) {
            connection = try await opened(box)
        } catch {
            release(nil)
            throw error
        }
        do {
            let value = try await body(&connection)
            giveBack(connection, in: box)
            return value
        } catch {
            giveBack(connection, in: box)
            throw error
        }
    }

    /// Closes the idle connections, refuses new callers; those that are lent close when they come back.
    public func close() async {
        let (boxes, waiters) = state.withLock { state in
            state.closed = true
            defer {
                state.idle = []
                state.waiters = []
            }
            return (state.idle, state.waiters)
        }
        for box in boxes { box.connection = nil }
        for waiter in waiters { waiter.continuation.resume(returning: .refused(closedError)) }
    }

    private var closedError: PostgresError {
        PostgresError(.closed, "\(settings): the pool of connections was closed")
    }

    /// The box's connection if the server did not end it meanwhile, else a new one.
    private func opened(_ box: Box) async throws(PostgresError) -> PostgresConnection {
        if var connection = box.connection.take(), connection.refresh() { return connection }
        return try await PostgresConnection.open(settings, timeout: connectTimeout, logger: logger)
    }

    private func giveBack(_ connection: consuming PostgresConnection, in box: Box) {
        if connection.isUsable && !connection.isInTransaction {
            box.connection = consume connection
        } else {
            connection.close()
        }
        release(box)
    }

    private func acquire() async throws(PostgresError) -> Box {
        let patience = patience
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = Task { [weak self] in
            guard (try? await Task.sleep(for: patience)) != nil, let self else { return }
            giveUp(
                id, PostgresError(.timeout, "\(settings): all \(limit) connections of the pool are in use: try later"))
        }
        defer { timer.cancel() }
        let grant = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let now = enter(id, continuation) { continuation.resume(returning: now) }
            }
        } onCancel: {
            giveUp(id, PostgresError(.cancelled, "\(settings): cancelled while waiting for a connection"))
        }
        state.withLock { $0.gone[id] = nil }
        switch grant {
        case .box(let box): return box
        case .open: return Box()
        case .refused(let error): throw error
        }
    }

    /// What a caller gets at once, or nil when it has to wait.
    private func enter(_ id: Int, _ continuation: CheckedContinuation<Grant, Never>) -> Grant? {
        state.withLock { state in
            if state.closed { return .refused(closedError) }
            if let error = state.gone.removeValue(forKey: id) { return .refused(error) }
            if let box = state.idle.popLast() {
                state.lent += 1
                return .box(box)
            }
            if state.lent < limit {
                state.lent += 1
                return .open
            }
            state.waiters.append((id, continuation))
            return nil
        }
    }

    private func giveUp(_ id: Int, _ error: PostgresError) {
        let continuation = state.withLock { state -> CheckedContinuation<Grant, Never>? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                state.gone[id] = error
                return nil
            }
            return state.waiters.remove(at: index).continuation
        }
        continuation?.resume(returning: .refused(error))
    }

    /// The place of a lent connection is free again: to the first that waits, else back to the idle ones.
    private func release(_ box: Box?) {
        let next = state.withLock { state -> (CheckedContinuation<Grant, Never>, Grant)? in
            if !state.waiters.isEmpty {
                let waiter = state.waiters.removeFirst()
                return (waiter.continuation, box.map { .box($0) } ?? .open)
            }
            state.lent -= 1
            if let box, !state.closed { state.idle.append(box) }
            return nil
        }
        if let (continuation, grant) = next { continuation.resume(returning: grant) }
    }
}
