import CMicrohttpd
import Runtime
import Synchronization

/// How requests are answered.
enum RequestHandler: Sendable {
    /// By a task, while the connection is suspended.
    case task(@Sendable (HTTPRequest) async -> HTTPResponse)
    /// On the connection's own thread: for answers that wait for nothing, and that must come when the pool is stuck.
    case immediate(@Sendable (HTTPRequest) -> HTTPResponse)
}

/// What the daemon's callbacks work on; retained for the daemon's life.
final class ServerCore: Sendable {
    let settings: HTTPServerSettings
    let metrics: ServerMetrics
    private let handler: RequestHandler
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var peers: [ObjectIdentifier: Peer] = [:]
        var exchanges: [ObjectIdentifier: Exchange] = [:]
        var stopping = false
        var ended = false
    }

    init(settings: HTTPServerSettings, logger: Logger, metrics: MetricRegistry, handler: RequestHandler) {
        self.settings = settings
        self.logger = logger
        self.metrics = ServerMetrics(metrics)
        self.handler = handler
    }

    private var now: ContinuousClock.Instant { .now }

    // MARK: the life of a connection

    func opened(_ connection: OpaquePointer) -> Peer {
        let peer = Peer(
            address: numericAddress(pga_mhd_address(connection)), descriptor: pga_mhd_descriptor(connection),
            deadline: now + settings.headDeadline)
        state.withLock { $0.peers[ObjectIdentifier(peer)] = peer }
        metrics.connections.add(1)
        return peer
    }

    func closed(_ peer: Peer) {
        peer.closed()
        state.withLock { _ = $0.peers.removeValue(forKey: ObjectIdentifier(peer)) }
        metrics.connections.add(-1)
    }

    // MARK: the life of a request

    func begin(_ connection: OpaquePointer, peer: Peer?, target: String) -> Exchange {
        let exchange = Exchange(
            connection: ConnectionHandle(pointer: connection), peer: peer, target: target, started: now)
        state.withLock { $0.exchanges[ObjectIdentifier(exchange)] = exchange }
        metrics.inFlight.add(1)
        return exchange
    }

    func completed(_ exchange: Exchange) {
        exchange.finish()
        exchange.peer?.expect(.request, by: now + settings.idle + settings.headDeadline)
        state.withLock { _ = $0.exchanges.removeValue(forKey: ObjectIdentifier(exchange)) }
        metrics.inFlight.add(-1)
    }

    /// The access handler: called with the head, then for each piece of the body, then once with nothing, then again
    /// when the connection is resumed. Returning false closes the connection.
    func handle(
        _ exchange: Exchange, method: String, version: String, bytes: UnsafeRawBufferPointer
    ) -> Bool {
        switch exchange.step {
        case .head:
            return head(exchange, method: method, version: version)
        case .body where bytes.count > 0:
            // Past the limit the bytes are dropped and 413 follows the last one, for libmicrohttpd takes no response in
            // the middle of a body; who sends much more than that is cut off.
            return exchange.append(bytes, limit: settings.bodyBytes) <= settings.bodyBytes + 1_048_576
        case .body:
            return dispatch(exchange)
        case .wait:
            return true
        case .respond(let response):
            return queue(response, for: exchange)
        }
    }

    private func head(_ exchange: Exchange, method: String, version: String) -> Bool {
        let headers = requestHeaders(exchange.connection.pointer)
        do {
            _ = try RequestGuard.check(method: method, version: version, target: exchange.target, headers: headers)
        } catch {
            return refuse(exchange, 400, error.message)
        }
        if let length = headers["Content-Length"], Int(length).map({ $0 > settings.bodyBytes }) ?? true {
            return refuse(exchange, 413, "the body is larger than \(settings.bodyBytes) bytes")
        }
        if state.withLock({ $0.stopping }) { return refuse(exchange, 503, "the server is stopping") }
        exchange.accept(method: method, headers: headers)
        exchange.peer?.expect(.request, by: now + settings.bodyDeadline)
        return true
    }

    private func dispatch(_ exchange: Exchange) -> Bool {
        if exchange.received > settings.bodyBytes {
            return refuse(exchange, 413, "the body is larger than \(settings.bodyBytes) bytes")
        }
        let (method, headers, body) = exchange.take()
        guard let target = try? RequestTarget(exchange.target) else { return false }
        let request = HTTPRequest(
            method: method, target: target, headers: headers, body: body, remoteAddress: exchange.peer?.address ?? "")
        switch handler {
        case .immediate(let answer):
            return queue(answer(request), for: exchange)
        case .task(let answer):
            exchange.peer?.expect(.answer(exchange), by: now + settings.answerDeadline)
            // Under the lock that the stop takes: what is suspended now, the stop sees and answers.
            let suspended = state.withLock {
                if !$0.ended { exchange.suspend() }
                return !$0.ended
            }
            guard suspended else { return refuse(exchange, 503, "the server is stopping") }
            let task = Task { _ = exchange.answer(await answer(request)) }
            exchange.answers(by: task)
            return true
        }
    }

    /// Answers on the connection's thread and ends the connection, for what follows cannot be trusted to be a request.
    private func refuse(_ exchange: Exchange, _ status: Int, _ detail: String) -> Bool {
        var response = settings.refusal(status, detail)
        response.headers["Connection"] = "close"
        return queue(response, for: exchange)
    }

    private func queue(_ response: HTTPResponse, for exchange: Exchange) -> Bool {
        exchange.finish()
        exchange.peer?.expect(.delivery, by: now + settings.sendDeadline)
        metrics.responded(response.status, after: exchange.started.duration(to: now))
        let made = response.body.withUnsafeBytes { pga_mhd_response($0.baseAddress, $0.count) }
        guard let made else { return false }
        for field in response.headers.fields where pga_mhd_response_header(made, field.name, field.value) == 0 {
            logger.warning("A response header cannot be written and was left out", [.httpDetail: .string(field.name)])
        }
        if state.withLock({ $0.stopping }) && response.headers["Connection"] == nil {
            _ = pga_mhd_response_header(made, "Connection", "close")
        }
        return pga_mhd_queue(exchange.connection.pointer, UInt32(clamping: response.status), made) != 0
    }

    // MARK: deadlines and the end

    /// Ends whatever is overdue.
    func sweep() {
        let peers = state.withLock { Array($0.peers.values) }
        let now = self.now
        for peer in peers {
            guard let exchange = peer.sweep(now: now) else { continue }
            if exchange.overrule(settings.refusal(503, "the answer took too long")) {
                metrics.overdue.add()
                logger.warning("A request passed its deadline", [.httpAddress: .string(peer.address)])
            }
        }
    }

    /// From now on new requests get 503, and connections close after their response.
    func beginStopping() { state.withLock { $0.stopping = true } }

    /// Requests whose response has not left yet.
    var pending: Int { state.withLock { $0.exchanges.count } }

    /// Answers all that still wait with 503: nothing may be suspended when the daemon stops, it would abort the process.
    /// From now on no request is suspended any more.
    func overruleAll() {
        let waiting = state.withLock {
            $0.ended = true
            return Array($0.exchanges.values)
        }
        for exchange in waiting {
            exchange.overrule(settings.refusal(503, "the server is stopping"))
        }
    }

    func log(_ text: String) { logger.debug("HTTP library", [.httpDetail: .string(text)]) }
}

private func requestHeaders(_ connection: OpaquePointer) -> HTTPHeaders {
    var headers = HTTPHeaders()
    withUnsafeMutablePointer(to: &headers) { pointer in
        var walk = pga_mhd_headers(context: UnsafeMutableRawPointer(pointer), each: httpServerHeader)
        pga_mhd_each_header(connection, &walk)
    }
    return headers
}

@c func httpServerHeader(
    _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?, _ nameCount: Int,
    _ value: UnsafePointer<CChar>?, _ valueCount: Int
) {
    guard let context, let name else { return }
    context.assumingMemoryBound(to: HTTPHeaders.self).pointee.add(text(name, nameCount), text(value, valueCount))
}

private func text(_ pointer: UnsafePointer<CChar>?, _ count: Int) -> String {
    guard let pointer else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: pointer, count: count), as: UTF8.self)
}
