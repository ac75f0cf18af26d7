import CLinux
import Glibc

/// One pthread, started at once.
struct Thread {
    private let handle: pthread_t

    /// Starts a thread of this name (the first 15 bytes are shown) that runs `body`.
    ///
    /// Signals are blocked in it, so that they reach a thread that expects them, and no slow call of a library is
    /// interrupted by them.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(RuntimeError) {
        final class Start {
            let name: String
            let body: @Sendable () -> Void
            init(_ name: String, _ body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }
        }
        var all = sigset_t()
        var old = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }

        let start = Unmanaged.passRetained(Start(name, body))
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                pga_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw RuntimeError(
                .system,
                "the thread \(name) could not be started: \(systemMessage(code)); "
                    + "look at the limits on processes and threads (ulimit -u, pids.max)")
        }
        self.handle = handle
    }

    /// Waits until it has ended; a thread that asks for itself is let go instead.
    func join() {
        if pthread_equal(handle, pthread_self()) != 0 { pthread_detach(handle) } else { pthread_join(handle, nil) }
    }

    /// Lets it run on; nobody will join it.
    func detach() { pthread_detach(handle) }
}

/// What the C library says of an `errno`.
public func systemMessage(_ code: CInt) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    // XSI's strerror_r: what it writes is complete even for a number that it does not know.
    _ = strerror_r(code, &buffer, buffer.count)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
