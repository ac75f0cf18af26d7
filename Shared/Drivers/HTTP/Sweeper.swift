import CMicrohttpd  // its headers bring sigset_t along: in a release build the member belongs to that module
import Glibc
import Synchronization

/// The thread that ends what is overdue, for every server of the process. Not a task: deadlines hold also when the
/// cooperative pool is busy or stuck, which is when they matter.
final class Sweeper: Sendable {
    static let shared = Sweeper()

    private let servers = Mutex<[ObjectIdentifier: ServerCore]>([:])

    private init() {
        var all = sigset_t()
        var old = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, httpServerSweep, Unmanaged.passRetained(self).toOpaque())
        precondition(status == 0, "no thread for the deadlines of HTTP: raise the limit of processes of this user")
        pthread_detach(thread)
    }

    func add(_ server: ServerCore) { servers.withLock { $0[ObjectIdentifier(server)] = server } }

    func remove(_ server: ServerCore) { servers.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(server)) } }

    /// Four times a second, which is as exact as a deadline of seconds has to be.
    fileprivate func run() -> Never {
        while true {
            usleep(250_000)
            for server in servers.withLock({ Array($0.values) }) { server.sweep() }
        }
    }
}

@c func httpServerSweep(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<Sweeper>.fromOpaque(context!).takeUnretainedValue().run()
}
