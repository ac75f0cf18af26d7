import Codec
import Glibc

/// The machine of a server marked local, from /proc, by the collector's clock.
struct SystemFamily: Sendable {
    private static let counters = [
        "cpu_user", "cpu_system", "cpu_idle", "cpu_iowait", "cpu_irq", "cpu_steal", "swap_in", "swap_out",
        "context_switches",
    ]

    private var delta: CounterDelta
    /// The kernel lets idle and iowait fall back a little at times: what was counted stays counted.
    private var highest = [Int64](repeating: 0, count: SystemFamily.counters.count)
    private let state: String

    init(instance: String, recovered records: [[UInt8]]?) {
        state = Self.stateName(instance)
        let columns = Self.counters.map { ReadingColumn(name: $0, kind: .counter) }
        delta = records.flatMap { CounterDelta(columns: columns, records: $0) } ?? CounterDelta(columns: columns)
    }

    static func stateName(_ instance: String) -> String { StateName.reading(instance, "system") }

    /// What /proc/stat, its numbers and those of /proc/vmstat count, in the order of ``counters``, times in microseconds;
    /// ``missingValue`` for what this kernel does not count.
    static func counted(_ stat: String, _ numbers: [Substring: Int64], _ vm: [Substring: Int64]) -> [Int64] {
        let tick = Int64(1_000_000 / max(1, sysconf(CInt(_SC_CLK_TCK))))
        let cpu = (stat.split(separator: "\n").first { $0.hasPrefix("cpu ") } ?? "").split(separator: " ").dropFirst()
            .map { (Int64($0) ?? 0) &* tick }
        func time(_ places: Int...) -> Int64 {
            let known = places.filter(cpu.indices.contains)
            return known.isEmpty ? missingValue : known.reduce(0) { $0 &+ cpu[$1] }
        }
        return [
            time(0, 1), time(2), time(3), time(4), time(5, 6), time(7), vm["pswpin"] ?? missingValue,
            vm["pswpout"] ?? missingValue, numbers["ctxt"] ?? missingValue,
        ]
    }

    mutating func read(_ context: ReadingContext, wantsFull: Bool) -> FamilyReading {
        guard let stat = ProcFile.read("/proc/stat") else {
            return FamilyReading(
                outcome: Outcome(
                    code: "proc_missing", message: "\(context.server.id): /proc/stat cannot be read: is local right?"))
        }
        let memory = ProcFile.numbers(ProcFile.read("/proc/meminfo") ?? "")
        let vm = ProcFile.numbers(ProcFile.read("/proc/vmstat") ?? "")
        let numbers = ProcFile.numbers(stat)
        var row = Self.counted(stat, numbers, vm)
        for place in row.indices where row[place] != missingValue {
            row[place] = max(row[place], highest[place])
            highest[place] = row[place]
        }
        let now = context.clock.wall()
        var head = ReadingHead(
            systemIdentifier: context.clock.boot, monotonic: context.clock.monotonic(), boot: context.clock.boot)
        head.serverTime = now
        delta.begin(head)
        let interval = delta.interval
        let isFirst = delta.head == nil
        let outcome = delta.row(RowKey(first: 0), since: 0, row)
        _ = delta.end()

        var builder = context.builder(.system)
        // A row in which nothing was counted counted nothing; of one whose counters went back nobody knows what it did.
        let (quality, counted): (Quality, [Int64]?) =
            switch outcome {
            case .moved(let quality): (quality, delta.deltas)
            case .unmoved: (.ok, row.map { $0 == missingValue ? $0 : 0 })
            case .unknown(let quality): (quality, nil)
            }
        for (name, value) in zip(Self.counters, counted ?? []) where value != missingValue {
            if let handle = builder.column(name) { builder.set(handle, value) }
        }
        let load = (ProcFile.read("/proc/loadavg") ?? "").split(separator: " ").prefix(3).map { Double($0) ?? 0 }
        for (name, value) in zip(["load1", "load5", "load15"], load) {
            if let handle = builder.column(name) { builder.set(handle, value) }
        }
        let gauges: [(String, Int64?)] = [
            ("cpus", Int64(sysconf(CInt(_SC_NPROCESSORS_ONLN)))), ("procs_running", numbers["procs_running"]),
            ("procs_blocked", numbers["procs_blocked"]), ("memory_total", memory["MemTotal"].map { $0 << 10 }),
            ("memory_free", memory["MemFree"].map { $0 << 10 }),
            ("memory_available", memory["MemAvailable"].map { $0 << 10 }),
            ("memory_buffers", memory["Buffers"].map { $0 << 10 }),
            ("memory_cached", memory["Cached"].map { $0 << 10 }),
            ("memory_dirty", memory["Dirty"].map { $0 << 10 }), ("swap_total", memory["SwapTotal"].map { $0 << 10 }),
            ("swap_free", memory["SwapFree"].map { $0 << 10 }), ("boot_time", numbers["btime"].map { $0 * 1_000_000 }),
        ]
        for (name, value) in gauges {
            if let value, let handle = builder.column(name) { builder.set(handle, value) }
        }
        builder.endRow(quality)
        let table = builder.finish(time: now, interval: interval)
        let full = wantsFull || isFirst
        return FamilyReading(
            tables: [table],
            states: [
                SpoolState(
                    name: state, kind: full ? .full : .increment, records: [full ? delta.full() : delta.changes()])
            ],
            rows: table.rowCount)
    }
}
