import CMicrohttpd
import Glibc
public import Runtime
import Synchronization

/// An HTTP/1.1 server over libmicrohttpd. Connections are served by a few epoll threads; while a task works out the
/// answer the connection is suspended and holds no thread. It must be stopped: until then it keeps itself alive.
public final class HTTPServer: Sendable {
    /// The port it really listens on.
    public let port: Int
    private let core: ServerCore
    private let daemon: Mutex<Daemon?>

    /// The version of libmicrohttpd that is linked, such as `0.9.75`.
    public static var libraryVersion: String { String(cString: MHD_get_version()) }

    /// Starts to listen; each request is answered by `handler`, in a task of its own that is cancelled when the
    /// request's deadline passes or the server has to stop.
    public convenience init(
        _ settings: HTTPServerSettings, logger: Logger, metrics: MetricRegistry,
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) throws(HTTPError) {
        try self.init(settings, logger: logger, metrics: metrics, answering: .task(handler))
    }

    init(
        _ settings: HTTPServerSettings, logger: Logger, metrics: MetricRegistry, answering handler: RequestHandler
    ) throws(HTTPError) {
        let core = ServerCore(settings: settings, logger: logger, metrics: metrics, handler: handler)
        let started = try Daemon(core)
        self.core = core
        port = started.port
        daemon = Mutex(started)
        Sweeper.shared.add(core)
    }

    /// Stops: no new connection, requests in flight are answered; those that `grace` does not suffice for get 503. Then
    /// the threads are joined. Stopping twice is harmless.
    public func stop(within grace: Duration = .seconds(10)) async {
        guard let daemon = take() else { return }
        let deadline = ContinuousClock.now + grace
        core.beginStopping()
        daemon.quiesce()
        while core.pending > 0 && ContinuousClock.now < deadline { await pause() }
        core.overruleAll()
        // What was just answered still has to leave; a client that does not read is not waited for any longer.
        let last = ContinuousClock.now + .milliseconds(500)
        while core.pending > 0 && ContinuousClock.now < last { await pause() }
        core.overruleAll()
        Sweeper.shared.remove(core)
        let thread = DedicatedThread(name: "http-stop")
        _ = try? await thread.run { daemon.stop() }
        thread.stop()
    }

    /// Stops where waiting is not possible, for a server whose answers are immediate.
    func stopNow() {
        guard let daemon = take() else { return }
        core.beginStopping()
        daemon.quiesce()
        core.overruleAll()
        Sweeper.shared.remove(core)
        daemon.stop()
    }

    private func take() -> Daemon? {
        daemon.withLock {
            let taken = $0
            $0 = nil
            return taken
        }
    }

    /// A short wait that also passes when the task that stops us is cancelled.
    private func pause() async {
        if (try? await Task.sleep(for: .milliseconds(2))) == nil { await Task.yield() }
    }
}

/// The daemon, its listening socket and the callbacks it was given.
///
/// `@unchecked Sendable`: the pointers are set once; libmicrohttpd's functions on a daemon may be called from any
/// thread, and `quiesce` and `stop` are each called once, by whoever took it out of the server.
private struct Daemon: @unchecked Sendable {
    let port: Int
    private let handle: OpaquePointer
    private let callbacks: UnsafeMutablePointer<pga_mhd_callbacks>

    init(_ core: ServerCore) throws(HTTPError) {
        let settings = core.settings
        let listener = try Listener(address: settings.address, port: settings.port)
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(
            to: pga_mhd_callbacks(
                context: Unmanaged.passRetained(core).toOpaque(), opened: httpServerOpened, closed: httpServerClosed,
                begin: httpServerBegin, handle: httpServerHandle, completed: httpServerCompleted, log: httpServerLog))
        let threads = settings.threads ?? min(4, max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))))
        let idle = max(1, settings.idle.components.seconds)
        // The daemon's threads inherit the mask: signals go to the thread that waits for them.
        var all = sigset_t()
        var old = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        let started = pga_mhd_start(
            callbacks, listener.descriptor, UInt32(clamping: threads),
            // The limit is divided among the threads of the pool.
            UInt32(clamping: max(settings.connections, threads)), UInt32(clamping: settings.connectionsPerAddress),
            settings.headerBytes, UInt32(clamping: idle))
        guard let started else {
            let place = "\(settings.address) port \(listener.port)"
            listener.close()
            Unmanaged<ServerCore>.fromOpaque(callbacks.pointee.context).release()
            callbacks.deallocate()
            throw HTTPError(.library, "libmicrohttpd cannot serve \(place); its reason is in the log at level debug")
        }
        handle = started
        port = listener.port
    }

    /// Stops accepting; the listening socket is ours again and is closed.
    func quiesce() {
        let descriptor = MHD_quiesce_daemon(handle)
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Joins the threads. Nothing may be suspended: libmicrohttpd aborts the process then.
    func stop() {
        MHD_stop_daemon(handle)
        Unmanaged<ServerCore>.fromOpaque(callbacks.pointee.context).release()
        callbacks.deallocate()
    }
}

private func core(_ context: UnsafeMutableRawPointer?) -> ServerCore {
    Unmanaged<ServerCore>.fromOpaque(context!).takeUnretainedValue()
}

@c func httpServerOpened(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    connection.map { Unmanaged.passRetained(core(context).opened($0)).toOpaque() }
}

@c func httpServerClosed(_ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutableRawPointer?) {
    guard let peer else { return }
    core(context).closed(Unmanaged<Peer>.fromOpaque(peer).takeRetainedValue())
}

@c func httpServerBegin(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ target: UnsafePointer<CChar>?
) -> UnsafeMutableRawPointer? {
    guard let connection, let target else { return nil }
    let peer = pga_mhd_peer(connection).map { Unmanaged<Peer>.fromOpaque($0).takeUnretainedValue() }
    let exchange = core(context).begin(connection, peer: peer, target: String(cString: target))
    return Unmanaged.passRetained(exchange).toOpaque()
}

@c func httpServerHandle(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?, _ bytes: UnsafePointer<CChar>?, _ count: UnsafeMutablePointer<Int>?,
    _ exchange: UnsafeMutableRawPointer?
) -> CInt {
    guard let exchange, let count else { return 0 }
    let piece = UnsafeRawBufferPointer(start: bytes, count: count.pointee)
    let keep = core(context).handle(
        Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue(),
        method: method.map { String(cString: $0) } ?? "", version: version.map { String(cString: $0) } ?? "",
        bytes: piece)
    count.pointee = 0
    return keep ? 1 : 0
}

@c func httpServerCompleted(_ context: UnsafeMutableRawPointer?, _ exchange: UnsafeMutableRawPointer?) {
    guard let exchange else { return }
    core(context).completed(Unmanaged<Exchange>.fromOpaque(exchange).takeRetainedValue())
}

@c func httpServerLog(_ context: UnsafeMutableRawPointer?, _ text: UnsafePointer<CChar>?) {
    guard let text else { return }
    var line = String(cString: text)
    while line.last == "\n" { line.removeLast() }
    core(context).log(line)
}
