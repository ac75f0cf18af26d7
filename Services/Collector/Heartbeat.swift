import Codec
import Glibc
import Runtime
import Synchronization

/// Says every few seconds that the collector is alive, what it costs and how far behind it is.
struct Heartbeat: Sendable {
    let collector: String
    let sender: Sender
    let spool: Spool
    let progress: CollectorProgress
    let interval: Duration
    let clock: CollectorClock
    /// Heartbeats are not spooled: each process counts its own, in an epoch of its own.
    private let epoch = CollectorIdentity.random(bytes: 16)
    private let startedAt = WallClock.microseconds()

    init(
        collector: String, sender: Sender, spool: Spool, progress: CollectorProgress, interval: Duration,
        clock: CollectorClock
    ) {
        self.collector = collector
        self.sender = sender
        self.spool = spool
        self.progress = progress
        self.interval = interval
        self.clock = clock
    }

    /// Whether the last heartbeat is through.
    private let idle = Flag()

    /// Runs until the shutdown. While Kafka is away one heartbeat waits; the next is made when it is through.
    func run(_ shutdown: Shutdown) async {
        var sequence: UInt64 = 0
        var next = clock.monotonic()
        while !shutdown.isRequested {
            await spool.maintain()
            if idle.isSet {
                sequence += 1
                let (status, number) = (await status(), sequence)
                idle.clear()
                // Not waited for: it takes as long as Kafka is away, and the shutdown does not.
                Task {
                    _ = await sender.sendDirectly(status, epoch: epoch, sequence: number)
                    idle.set()
                }
            }
            next = max(next + interval.microseconds, clock.monotonic())
            await shutdown.sleep(for: .microseconds(next - clock.monotonic()))
        }
    }

    private func status() async -> CollectorStatus {
        let spooled = await spool.status()
        let now = clock.wall()
        var usage = rusage()
        getrusage(CInt(RUSAGE_SELF.rawValue), &usage)
        let cpu =
            Int64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
            + Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        let pages =
            (ProcFile.read("/proc/self/statm") ?? "").split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0
        return CollectorStatus(
            collector: collector, version: CollectorVersion.text, hostname: hostName(), pid: getpid(),
            startedAt: startedAt,
            time: now, cpuMicroseconds: cpu, rssBytes: pages * Int64(sysconf(CInt(_SC_PAGESIZE))),
            spoolBytes: Int64(spooled.bytes), spoolOldest: spooled.oldest.map { max(0, now - $0) } ?? 0,
            spoolDropped: Int64(spooled.dropped), sent: Int64(sender.sent), instances: progress.all,
            intervalMicroseconds: interval.microseconds)
    }
}

/// A truth value that tasks share.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(true)

    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
    func clear() { value.store(false, ordering: .releasing) }
}

/// The version that the collector says it is.
enum CollectorVersion {
    static let text = "0.1.0"
}
