import Codec
import Glibc
import Runtime
import Synchronization

/// Says every few seconds that the collector is alive, what it costs and how far behind it is.
final class Heartbeat: Sendable {
    let collector: String
    let sender: Sender
    let spool: Spool
    let progress: CollectorProgress
    let interval: Duration
    let clock: CollectorClock
    /// Heartbeats are not spooled: each process counts its own, in an epoch of its own, and in another one when the topic
    /// has grown.
    private struct Numbering: Sendable {
        var epoch = CollectorIdentity.random(bytes: 16)
        var sequence: UInt64 = 0
        var partitions: Int?

        mutating func next(among count: Int?) -> Numbering {
            if let count, count != partitions { self = Numbering(partitions: count) }
            sequence += 1
            return self
        }
    }

    private let numbering = Mutex(Numbering())
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
    private let isIdle = Atomic(true)

    /// Runs until the shutdown. While Kafka is away one heartbeat waits; the next is made when it is through.
    func run(_ shutdown: Shutdown) async {
        var next = clock.monotonic()
        while !shutdown.isRequested {
            await spool.maintain()
            if isIdle.load(ordering: .acquiring) {
                let status = await status()
                isIdle.store(false, ordering: .releasing)
                // Not waited for: it takes as long as Kafka is away, and the shutdown does not.
                Task {
                    let count = try? await self.sender.partitions(of: Topics.collectors.name)
                    let number = self.numbering.withLock { $0.next(among: count) }
                    _ = await self.sender.sendDirectly(
                        status, epoch: number.epoch, sequence: number.sequence, among: number.partitions)
                    self.isIdle.store(true, ordering: .releasing)
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
            spoolBytes: Int64(spooled.bytes), spoolOldest: spooled.oldest.map { Self.age(of: $0, at: now) } ?? 0,
            spoolDropped: Int64(spooled.dropped), sent: Int64(sender.sent), instances: progress.all,
            intervalMicroseconds: interval.microseconds)
    }

    /// Microseconds since a server's time, which may be anything: an infinite one has no age.
    static func age(of time: Int64, at now: Int64) -> Int64 {
        let (age, overflow) = now.subtractingReportingOverflow(time)
        return overflow ? 0 : max(0, age)
    }
}

/// The version that the collector says it is.
enum CollectorVersion {
    static let text = "0.1.0"
}
