import Glibc
import Synchronization

/// One connection as the deadlines see it. libmicrohttpd's own time-out begins anew with every byte, so a client that
/// drips one byte a second would hold a connection for ever: what is due when is kept here, and a sweep ends it.
final class Peer: Sendable {
    /// The address of the client.
    let address: String
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var descriptor: CInt
        var deadline: ContinuousClock.Instant
        /// Set while a handler works: then the deadline answers instead of cutting the connection.
        var exchange: Exchange?
    }

    init(address: String, descriptor: CInt, deadline: ContinuousClock.Instant) {
        self.address = address
        state = Mutex(State(descriptor: descriptor, deadline: deadline, exchange: nil))
    }

    /// What comes next is due then; with an exchange, the handler's answer is what is waited for.
    func expect(by deadline: ContinuousClock.Instant, from exchange: Exchange? = nil) {
        state.withLock {
            $0.deadline = deadline
            $0.exchange = exchange
        }
    }

    /// Called before libmicrohttpd closes the descriptor, so that a sweep never touches a number that is already
    /// somebody else's.
    func closed() {
        state.withLock {
            $0.descriptor = -1
            $0.exchange = nil
        }
    }

    /// Ends what is overdue: an exchange is returned to be answered, a connection is shut down and its thread notices.
    func sweep(now: ContinuousClock.Instant) -> Exchange? {
        state.withLock {
            guard $0.descriptor >= 0, now >= $0.deadline else { return nil }
            if let exchange = $0.exchange { return exchange }
            shutdown($0.descriptor, CInt(SHUT_RDWR))
            return nil
        }
    }
}
