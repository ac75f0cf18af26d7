import CMicrohttpd
import Synchronization

/// A connection's handle as it travels between the daemon's thread and a task.
///
/// `@unchecked Sendable`: it is only dereferenced by libmicrohttpd, on the connection's own thread or through
/// `MHD_resume_connection`, which may be called from any thread while the connection is suspended.
struct ConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer
}

/// One request from its first line to the end of its response. Retained into `req_cls` when the target arrives and
/// released by the completed callback, which comes exactly once whatever happened.
final class Exchange: Sendable {
    /// What the access handler has to do when it is called.
    enum Step {
        case head
        case body
        case wait
        case respond(HTTPResponse)
    }

    let connection: ConnectionHandle
    let peer: Peer?
    let target: String
    let started: ContinuousClock.Instant
    private let state: Mutex<State>

    private enum Phase {
        case head, body, suspended, answered(HTTPResponse), over
    }

    private struct State {
        var phase = Phase.head
        var method = ""
        var headers = HTTPHeaders()
        var body: [UInt8] = []
        var received = 0
        var task: Task<Void, Never>?
    }

    init(connection: ConnectionHandle, peer: Peer?, target: String, started: ContinuousClock.Instant) {
        self.connection = connection
        self.peer = peer
        self.target = target
        self.started = started
        state = Mutex(State())
    }

    var step: Step {
        state.withLock {
            switch $0.phase {
            case .head: .head
            case .body: .body
            case .suspended, .over: .wait
            case .answered(let response): .respond(response)
            }
        }
    }

    /// The head was accepted; a body may follow.
    func accept(method: String, headers: HTTPHeaders) {
        state.withLock {
            $0.method = method
            $0.headers = headers
            $0.phase = .body
        }
    }

    /// Takes a piece of the body; returns how many bytes came in all, of which at most `limit` are kept.
    func append(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Int {
        state.withLock {
            $0.received += bytes.count
            if $0.received <= limit { $0.body.append(contentsOf: bytes) } else { $0.body = [] }
            return $0.received
        }
    }

    var received: Int { state.withLock { $0.received } }

    /// The method, the fields and the body, which is given away.
    func take() -> (method: String, headers: HTTPHeaders, body: [UInt8]) {
        state.withLock { state in
            defer { state.body = [] }
            return (state.method, state.headers, state.body)
        }
    }

    /// Suspends the connection; called on its thread, before the task that will answer is started.
    func suspend() {
        state.withLock { $0.phase = .suspended }
        MHD_suspend_connection(connection.pointer)
    }

    /// The task that will answer, so that a deadline or a stop can cancel it.
    func answers(by task: Task<Void, Never>) {
        state.withLock { state in
            if case .suspended = state.phase { state.task = task }
        }
    }

    /// Gives the answer and resumes the connection. Only the first one counts: handler, deadline and stop may race,
    /// and a connection resumed twice would be one that is no longer suspended, or no longer there.
    @discardableResult
    func answer(_ response: HTTPResponse) -> Bool {
        state.withLock { state in
            guard case .suspended = state.phase else { return false }
            state.phase = .answered(response)
            state.task = nil
            // Under the lock: after this the daemon's thread may end the exchange at any moment.
            MHD_resume_connection(connection.pointer)
            return true
        }
    }

    /// Answers in the handler's place and cancels it.
    @discardableResult
    func overrule(_ response: HTTPResponse) -> Bool {
        let task = state.withLock { $0.task }
        let counted = answer(response)
        if counted { task?.cancel() }
        return counted
    }

    /// The response is on its way: nothing more is to be done for it.
    func finish() {
        state.withLock {
            $0.phase = .over
            $0.task = nil
        }
    }
}
