@testable import Codec

/// Values of every message: with every field set, with none, and at the extremes.
enum MessageSamples {
    static let label = Label("app", "shop")
    static let header = Header("ce_id", [0, 1, 255])
    static let statement = Statement(
        name: "a0384bec16e0d4bb", text: "SELECT $1", fullLength: 70_000, parser: "pg_query 15-4.0", instance: "db1",
        queryid: -7_654_321_098_765_432_101, seenAt: 1_780_000_000_000_001)
    static let instance = CollectedInstance(
        id: "db1", host: "10.0.0.1", port: 5432, interval: 10_000_000, lastSuccess: 1_780_000_000_000_002)
    static let status = CollectorStatus(
        collector: "c1", version: "1.0", hostname: "host", pid: 42, startedAt: 1_780_000_000_000_003,
        time: 1_780_000_000_000_004, cpuMicroseconds: 5, rssBytes: 6, spoolBytes: 7, spoolOldest: 8, spoolDropped: 9,
        sent: 10, instances: [instance], intervalMicroseconds: 11)
    static let finding = Finding(
        identity: "i", kind: "statement_broken", instance: "db1", subject: "a0384bec16e0d4bb", state: .resolved,
        time: 1, windowStart: 2, windowEnd: 3, value: 4.5, baseline: 5.5, threshold: 6.5, unit: .nanoseconds,
        samples: 7, summary: "It is slow.", evidence: [label])
    static let alert = AlertEvent(
        identity: "i", fingerprint: "f", rule: "LockWait", instance: "db1", kind: .delivery, state: .firing, time: 1,
        startsAt: 2, endsAt: 3, value: 4.5, labels: [label], annotations: [Label("summary", "A lock.")],
        receiver: "webhook", deliveryStatus: .abandoned, attempt: 4, httpStatus: 503, detail: "refused")
    static let deadLetter = DeadLetter(
        reason: "truncated", detail: "at byte 4", topic: "pganalytics.samples", partition: 3, offset: 99,
        key: Array("db1".utf8), headers: [header], value: [1, 2, 3], consumer: "writer", time: 5)
    static let text = Column(
        "state", .label, .none, .strings(dictionary: ["active", "idle"], indexes: [0, 1, 0]))
    static let integers = Column(
        "calls", .counter, .count, .integers([0, -1, 300]), nulls: Bitmap(count: 3, bytes: [0b001]))
    static let doubles = Column("load1", .gauge, .none, .doubles([0.5, 1.5, -2.5]))
    static let wide = Column("queryid", .label, .none, .integers([.min, .max, 1 << 62]))
    static let names = Column(
        "name", .label, .none,
        .strings(
            dictionary: ["a0384bec16e0d4bb", "0123456789abcdef", "ffffffffffffffff"], indexes: [0, 1, 2]))
    static let table = Table(
        family: "statements", instance: "db1", collector: "c1", time: 1_780_000_000_000_005, interval: 10_000_000,
        serverVersion: 170_011, rowCount: 3, columns: [text, integers, doubles, wide, names],
        quality: [.ok, .first, .evicted])

    /// In every form at once, which no table has.
    static let values: ColumnValues = {
        var values = ColumnValues(text, leavesOutZeros: false)
        values.integers = [0, -1, 300]
        values.doubles = [0.5, 1.5, -2.5]
        values.nulls = [0b101]
        values.wideIntegers = [.min, .max, 1 << 62]
        values.hexadecimals = [0, 1, .max]
        values.splitIntegers = [1, 2, 3, 0, 0, 255]
        values.significantBits = 7
        return values
    }()

    /// One of each, every field set.
    static let full: [any Message] = [
        label, header, statement, instance, status, finding, alert, deadLetter, ColumnHeaders(table.columns), values,
        table,
    ]

    /// One of each with nothing in it but what must be.
    static let absent: [any Message] = [
        Label("", ""), Header("", []), Statement(), CollectedInstance(), CollectorStatus(), Finding(state: .opened),
        AlertEvent(kind: .stateChange, state: .inactive), DeadLetter(),
        ColumnHeaders(), ColumnValues(),
        Table(
            family: "", instance: "", collector: "", time: 0, interval: 0, serverVersion: 0, rowCount: 0, columns: []),
    ]

    /// Numbers at the ends of their ranges, texts beyond ASCII, empty optional fields.
    static let extremes: [any Message] = [
        Statement(name: "é\u{10FFFF}\0\n\"", fullLength: .min, queryid: .max, seenAt: .min),
        CollectorStatus(
            pid: .min, startedAt: .min, time: .max, sent: .max, instances: [.init(), .init(port: .max)]),
        Finding(state: .updated, time: .min, value: -.infinity, baseline: .leastNonzeroMagnitude, threshold: -0.0),
        AlertEvent(
            kind: .stateChange, state: .pending, value: .greatestFiniteMagnitude, labels: [Label("", "")],
            attempt: .min, httpStatus: .max),
        DeadLetter(partition: .min, offset: .max, key: [], value: []),
        table(.integers([.min, .max, 0, -1, 1, 63, 64, -64, -65, 8_191, 8_192, 1 << 55, 1 << 56, -(1 << 62)])),
        table(.doubles([.infinity, -.infinity, -0.0, .leastNonzeroMagnitude])),
        table(.strings(dictionary: ["", "\u{1F418}"], indexes: [1, 0, 1])),
        table(.integers([0, 0, 0])),
        table(.integers([1, 0, 0]), .integers([0, 0, 0]), .integers([0, 0, 0])),
        table(.integers(Array(0..<40).map { $0 * 1_000_003 }), .integers(Array(0..<40).map { 127 << $0 })),
        table(.integers(Array(0..<40).map { .max >> $0 }), .integers(Array(17..<57).map { 65 << $0 })),
    ]

    /// A table of columns of numbers.
    static func table(_ values: Values...) -> Table {
        Table(
            family: "f", instance: "i", collector: "c", time: .min, interval: .max, serverVersion: .min,
            rowCount: values[0].count,
            columns: values.enumerated().map { Column("c\($0)", .counter, .count, $1) })
    }

    static let all = full + absent + extremes
}
