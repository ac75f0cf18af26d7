import CLinux
import Glibc

extension LogKey {
    static let serviceName: LogKey = "service.name"
}

/// Runs the parts of a process until one ends or the shutdown is requested, and returns the exit status.
///
/// They are started in this order and asked to end in the reverse one, each after the one that came later has ended, so
/// that a part may rely on those before it. A part that returns or throws before it was asked to has failed: the others
/// are asked to end, and the status is 1. Whatever has not ended when `grace` is over since the request is not waited
/// for: the process ends with `_exit`, since `exit` would run into whatever hangs.
public func runServices(
    _ services: [(name: String, run: @Sendable (Shutdown) async throws -> Void)], shutdown: Shutdown, grace: Duration,
    logger: Logger
) async -> CInt {
    await runServices(services, shutdown: shutdown, grace: grace, logger: logger) { status in _exit(status) }
}

/// As above, with what happens at the deadline to be chosen, for tests.
func runServices(
    _ services: [(name: String, run: @Sendable (Shutdown) async throws -> Void)], shutdown: Shutdown, grace: Duration,
    logger: Logger, expire: @escaping @Sendable (CInt) -> Void
) async -> CInt {
    let failed = Shutdown()
    let parts = services.map { (name: $0.name, run: $0.run, asked: Shutdown(), ended: Shutdown()) }
    return await withTaskGroup(of: Void.self) { group in
        for part in parts {
            group.addTask {
                let logger = logger.with([.serviceName: LogValue(part.name)])
                do {
                    try await part.run(part.asked)
                    if !part.asked.isRequested && !shutdown.isRequested {
                        failed.request()
                        logger.error("A part of the process ended by itself")
                    }
                } catch {
                    if !(error is CancellationError && shutdown.isRequested) {
                        failed.request()
                        logger.error("A part of the process failed", [.errorMessage: LogValue(describing: error)])
                    }
                }
                part.ended.request()
                shutdown.request()
            }
        }
        await shutdown.wait()
        logger.info("Shutting down")
        let watchdog = Watchdog(after: grace) {
            let late = parts.filter { !$0.ended.isRequested }.map(\.name).joined(separator: ", ")
            logger.error("The shutdown took too long", [.serviceName: LogValue(late)])
            expire(1)
        }
        for part in parts.reversed() {
            part.asked.request()
            await part.ended.wait()
        }
        await group.waitForAll()
        watchdog.disarm()
        logger.info("Shut down")
        return failed.isRequested ? 1 : 0
    }
}

/// Does something at a time on a thread of its own, so that a blocked cooperative pool cannot hold it up.
private final class Watchdog: Sendable {
    private let event: CInt

    init(after duration: Duration, _ body: @escaping @Sendable () -> Void) {
        let (seconds, attoseconds) = duration.components
        let milliseconds = min(seconds, 1_000_000) * 1_000 + attoseconds / 1_000_000_000_000_000
        var ends: [CInt] = [-1, -1]
        guard pga_pipe(&ends) == 0 else {
            preconditionFailure("A pipe for the deadline could not be made: \(systemMessage(errno)).")
        }
        event = ends[1]
        let readEnd = ends[0]
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        do {
            try Thread(name: "deadline") {
                defer { close(readEnd) }
                while true {
                    let (seconds, attoseconds) = (deadline - .now).components
                    let rest = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
                    if rest <= 0 { return body() }
                    var waiting = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
                    // The other end is closed when everything has ended in time.
                    if poll(&waiting, 1, CInt(clamping: rest)) > 0 { return }
                }
            }.detach()
        } catch {
            preconditionFailure("\(error)")
        }
    }

    func disarm() { close(event) }
}
