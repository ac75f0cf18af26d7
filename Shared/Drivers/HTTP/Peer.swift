import Glibc
import Synchronization

/// One connection as the deadlines see it. libmicrohttpd's own time-out begins anew with every byte, so a client that
/// drips one byte a second would hold a connection for ever: what is due when is kept here, and a sweep ends it.
final class Peer: Sendable {
    /// The address of the client.
    let address: String
    private let state: Mutex<State>

    /// What is waited for.
    enum Awaited {
        /// A request, or the rest of one.
        case request
        /// The handler's answer: the deadline answers in its place instead of cutting the connection.
        case answer(Exchange)
        /// That the client takes the response.
        case delivery
    }

    private struct State: ~Copyable {
        var descriptor: CInt
        var deadline: ContinuousClock.Instant
        var awaited = Awaited.request
    }

    init(address: String, descriptor: CInt, deadline: ContinuousClock.Instant) {
        self.address = address
        state = Mutex(State(descriptor: descriptor, deadline: deadline))
    }

    /// What comes next, and when it is due.
    func expect(_ awaited: Awaited, by deadline: ContinuousClock.Instant) {
        state.withLock {
            $0.deadline = deadline
            $0.awaited = awaited
        }
    }

    /// Called before libmicrohttpd closes the descriptor, so that a sweep never touches a number that is already
    /// somebody else's.
    func closed() {
        state.withLock {
            $0.descriptor = -1
            $0.awaited = .delivery
        }
    }

    /// Ends what is overdue: an exchange is returned to be answered, a connection is shut down and its thread notices.
    func sweep(now: ContinuousClock.Instant) -> Exchange? {
        state.withLock {
            guard $0.descriptor >= 0 else { return nil }
            switch $0.awaited {
            case .answer(let exchange): return now >= $0.deadline ? exchange : nil
            case .delivery: if now < $0.deadline { return nil }
            case .request: if now < $0.deadline && !Self.hasLeft($0.descriptor) { return nil }
            }
            shutdown($0.descriptor, CInt(SHUT_RDWR))
            return nil
        }
    }

    /// Whether the client closed and nothing of it is left to read. libmicrohttpd waits for edges, and takes a read that
    /// filled less than its buffer for the last: an end that came with the last bytes is not seen (1.0.1, now and then).
    private static func hasLeft(_ descriptor: CInt) -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) == 0
    }
}
