import CLinux
import Glibc

extension Shutdown {
    /// A shutdown that SIGINT and SIGTERM request; call it once, at the beginning of `main`.
    ///
    /// A second signal ends the process at once, for whoever does not want to wait. SIGPIPE is ignored from here on: a
    /// peer that goes away is an error of the write, not the end of the process.
    ///
    /// The signals are not left to their masks alone. The main thread of an asynchronous `main` ends in libdispatch's
    /// `sigsuspend` with an empty mask, where SIGTERM would have its default action although every other thread blocks
    /// it. So there is a handler, which only writes the signal's number to a pipe, and a thread that reads it.
    public static func onSignals() -> Shutdown {
        let shutdown = Shutdown()
        var ends: [CInt] = [-1, -1]
        guard pga_pipe(&ends) == 0 else {
            preconditionFailure("A pipe for the signals could not be made: \(systemMessage(errno)).")
        }
        let readEnd = ends[0]
        do {
            try Thread(name: "signals") {
                var signals = 0
                while true {
                    var number: UInt8 = 0
                    let count = read(readEnd, &number, 1)
                    if count < 0 && errno == EINTR { continue }
                    if count <= 0 { return }
                    signals += 1
                    if signals > 1 { _exit(128 + CInt(number)) }
                    shutdown.request()
                }
            }.detach()
        } catch {
            preconditionFailure(error.message)
        }
        guard pga_catch_signals(ends[1]) == 0 else {
            preconditionFailure("The signal handlers could not be installed: \(systemMessage(errno)).")
        }
        return shutdown
    }
}
