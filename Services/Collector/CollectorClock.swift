import Glibc
import Runtime

/// The collector's clocks: a monotonic one that goes on over restarts of the process, and the time of day.
struct CollectorClock: Sendable {
    /// Which start of the machine the monotonic clock counts from.
    let boot: Int64

    init() {
        boot = ProcFile.bootIdentity()
    }

    /// Microseconds since the machine started, sleep included.
    func monotonic() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }

    /// Microseconds UTC.
    func wall() -> Int64 { WallClock.microseconds() }
}
