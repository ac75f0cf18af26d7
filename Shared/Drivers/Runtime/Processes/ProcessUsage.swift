import Glibc

/// What this process has used of the machine.
public struct ProcessUsage: Sendable, Hashable {
    /// Processor time of all threads since the start, in microseconds.
    public let cpuMicroseconds: Int64
    /// Memory that is resident now, in bytes.
    public let residentBytes: Int64
    /// Descriptors that are open now.
    public let openDescriptors: Int

    /// What it has used until now; numbers that the system does not tell are 0.
    public static func now() -> ProcessUsage {
        var clock = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock)
        return ProcessUsage(
            cpuMicroseconds: Int64(clock.tv_sec) * 1_000_000 + Int64(clock.tv_nsec) / 1_000,
            residentBytes: resident(), openDescriptors: descriptors())
    }

    /// When this process was started, in microseconds since 1970; now, when the system does not tell.
    public static func startedAt() -> Int64 {
        let now = WallClock.microseconds()
        guard case .success(let bytes) = File.read("/proc/self/stat") else { return now }
        // The name is in parentheses and may hold anything; the 22nd field is ticks from the boot to the start.
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, let ticks = Int64(fields[19]) else { return now }
        var boot = timespec()
        clock_gettime(CLOCK_BOOTTIME, &boot)
        let sinceBoot = Int64(boot.tv_sec) * 1_000_000 + Int64(boot.tv_nsec) / 1_000
        return now - (sinceBoot - ticks * 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// The second number of statm, in pages.
    private static func resident() -> Int64 {
        guard case .success(let bytes) = File.read("/proc/self/statm") else { return 0 }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard words.count > 1, let pages = Int64(words[1]) else { return 0 }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func descriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count - 3  // ".", ".." and the directory itself
    }
}

extension MetricRegistry {
    /// Adds the metrics that every Prometheus client has of its process, under their usual names.
    public func addProcessMetrics() {
        let seconds = gauge("process_cpu_seconds_total", help: "Processor time of all threads since the start.")
        let resident = gauge("process_resident_memory_bytes", help: "Resident memory.")
        let descriptors = gauge("process_open_fds", help: "Open descriptors.")
        gauge("process_start_time_seconds", help: "When the process was started, since 1970.")
            .set(Double(ProcessUsage.startedAt()) / 1_000_000)
        beforeRender {
            let usage = ProcessUsage.now()
            seconds.set(Double(usage.cpuMicroseconds) / 1_000_000)
            resident.set(Double(usage.residentBytes))
            descriptors.set(Double(usage.openDescriptors))
        }
    }
}
