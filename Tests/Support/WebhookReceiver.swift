public import HTTP
import Runtime
import Synchronization

/// A webhook's other end on loopback: keeps what comes, and answers as it is told.
public final class WebhookReceiver: Sendable {
    /// A request that came.
    public struct Received: Sendable {
        public let id: String
        public let timestamp: String
        public let signature: String?
        public let body: String
        public let status: Int
        public let at: ContinuousClock.Instant
    }

    private struct State {
        var received: [Received] = []
        var answers: [HTTPResponse] = []
        var delay: Duration = .zero
    }

    private final class Book: Sendable {
        let state = Mutex(State())
    }

    private let book = Book()
    private let server: HTTPServer

    /// Listens on a free port, or on one that was used before.
    public init(port: Int = 0) throws(HTTPError) {
        let book = book
        server = try HTTPServer(
            HTTPServerSettings(port: port), logger: Logger(service: "receiver", sink: { _ in }),
            metrics: MetricRegistry()
        ) { request in
            let (answer, delay) = book.state.withLock { state in
                let answer = state.answers.isEmpty ? HTTPResponse(status: 200) : state.answers.removeFirst()
                state.received.append(
                    Received(
                        id: request.headers["webhook-id"] ?? "", timestamp: request.headers["webhook-timestamp"] ?? "",
                        signature: request.headers["webhook-signature"],
                        body: String(decoding: request.body, as: UTF8.self),
                        status: answer.status, at: .now))
                return (answer, state.delay)
            }
            if delay > .zero { try? await Task.sleep(for: delay) }
            return answer
        }
    }

    public var port: Int { server.port }
    public var url: String { "http://127.0.0.1:\(server.port)/hook/secret-path" }

    /// The next answers; afterwards 200.
    public func answer(_ responses: [HTTPResponse]) { book.state.withLock { $0.answers += responses } }

    /// How long it takes over each answer from now on.
    public func delay(_ delay: Duration) { book.state.withLock { $0.delay = delay } }

    /// What came so far.
    public var received: [Received] { book.state.withLock { $0.received } }

    /// Waits until at least so many came, or the time is over; returns all that came.
    public func wait(for count: Int, within limit: Duration = .seconds(20)) async -> [Received] {
        let end = ContinuousClock.now + limit
        while received.count < count, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(10)) }
        return received
    }

    /// Stops listening.
    public func stop() async { await server.stop(within: .seconds(2)) }
}
