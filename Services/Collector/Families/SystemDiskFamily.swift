import Codec

/// What each block device of a local server's machine did, from /proc/diskstats.
struct SystemDiskFamily: Sendable {
    /// Columns of the family, with their place in a line of diskstats and what they are multiplied by.
    private static let columns: [(name: String, field: Int, factor: Int64)] = [
        ("reads", 3, 1), ("reads_merged", 4, 1), ("read_bytes", 5, 512), ("read_time", 6, 1_000), ("writes", 7, 1),
        ("writes_merged", 8, 1), ("written_bytes", 9, 512), ("write_time", 10, 1_000), ("io_time", 12, 1_000),
        ("weighted_io_time", 13, 1_000),
    ]

    private var delta: CounterDelta
    private let state: String

    init(instance: String, recovered records: [[UInt8]]?) {
        state = Self.stateName(instance)
        let columns = Self.columns.map { ReadingColumn(name: $0.name, kind: .counter) }
        delta = records.flatMap { CounterDelta(columns: columns, records: $0) } ?? CounterDelta(columns: columns)
    }

    static func stateName(_ instance: String) -> String { StateName.reading(instance, "system_disk") }

    mutating func read(_ context: ReadingContext, wantsFull: Bool) -> FamilyReading {
        guard let text = ProcFile.read("/proc/diskstats") else {
            return FamilyReading(
                outcome: Outcome(
                    code: "proc_missing",
                    message: "\(context.server.id): /proc/diskstats cannot be read: is local right?"))
        }
        let now = context.clock.wall()
        var head = ReadingHead(
            systemIdentifier: context.clock.boot, monotonic: context.clock.monotonic(), boot: context.clock.boot)
        head.serverTime = now
        delta.begin(head)
        let interval = delta.interval
        let isFirst = delta.head == nil
        var builder = context.builder(.systemDisk)
        let device = builder.add("device", .label, .none, .text)
        let handles = Self.columns.map { builder.column($0.name) }
        let ioNow = builder.column("io_now")
        var row = [Int64](repeating: 0, count: Self.columns.count)
        var leftOut = 0
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 14, let major = Int64(fields[0]), let minor = Int64(fields[1]),
                Self.isWanted(fields[2])
            else {
                continue
            }
            for (place, column) in Self.columns.enumerated() {
                row[place] = (Int64(fields[column.field]) ?? 0) * column.factor
            }
            let outcome = delta.row(RowKey(first: major, second: minor), since: 0, row)
            switch outcome {
            case .unmoved:
                leftOut += 1
                continue
            case .moved:
                for (place, handle) in handles.enumerated() {
                    if let handle { builder.set(handle, delta.deltas[place]) }
                }
            case .unknown: break
            }
            builder.set(device, String(fields[2]))
            if let ioNow { builder.set(ioNow, Int64(fields[11]) ?? 0) }
            switch outcome {
            case .moved(let quality), .unknown(let quality): builder.endRow(quality)
            case .unmoved: break
            }
        }
        _ = delta.end()
        let table = builder.finish(time: now, interval: interval)
        let full = wantsFull || isFirst
        return FamilyReading(
            tables: [table],
            states: [
                SpoolState(
                    name: state, kind: full ? .full : .increment, records: [full ? delta.full() : delta.changes()])
            ],
            rows: table.rowCount, leftOut: leftOut)
    }

    /// Whole devices: partitions are counted in them, and loop and RAM devices are files and memory.
    private static func isWanted(_ name: Substring) -> Bool {
        if name.hasPrefix("loop") || name.hasPrefix("ram") || name.hasPrefix("zram") || name.hasPrefix("fd")
            || name.hasPrefix("sr")
        {
            return false
        }
        if name.hasPrefix("nvme") || name.hasPrefix("mmcblk") { return !name.dropFirst(4).contains("p") }
        if name.hasPrefix("sd") || name.hasPrefix("vd") || name.hasPrefix("xvd") || name.hasPrefix("hd") {
            return name.last?.isNumber == false
        }
        return true
    }
}
