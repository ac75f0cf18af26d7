import Codec
import Postgres

/// Readings of pg_stat_statements to tables of what moved between them.
struct StatementDeltas {
    private struct Key: Hashable {
        let database: String
        let username: String
        let queryid: Int64
        let toplevel: Bool
    }

    private var earlier: [Key: [String: Double]] = [:]
    private var earlierTime: Int64 = 0
    private var builder: TableBuilder

    init(serverVersion: Int32) {
        builder = TableBuilder(
            family: .statements, instance: "recorded", collector: "recorder", serverVersion: serverVersion)
    }

    /// nil for the first reading.
    mutating func table(_ result: borrowing QueryResult) throws -> Table? {
        let names = result.columnNames
        guard result.rowCount > 0, let time = try result.timestamp(0, 0) else { return nil }
        var later: [Key: [String: Double]] = [:]
        for row in 0..<result.rowCount {
            guard let id = try result.int(row, names.firstIndex(of: "queryid")!) else { continue }
            let key = Key(
                database: try result.text(row, 1) ?? "", username: try result.text(row, 2) ?? "", queryid: id,
                toplevel: try result.bool(row, names.firstIndex(of: "toplevel")!) ?? true)
            var values: [String: Double] = [:]
            for (column, name) in names.enumerated() where column > 2 {
                if name.hasSuffix("_since") {
                    values[name] = Double(try result.timestamp(row, column) ?? 0)
                } else if !["userid", "dbid", "toplevel", "queryid", "query"].contains(name) {
                    let value = try result.double(row, column) ?? 0
                    values[name] = name.hasSuffix("_time") ? (value * 1e6).rounded() : value
                }
            }
            later[key] = values
        }
        defer {
            earlier = later
            earlierTime = time
        }
        guard !earlier.isEmpty else { return nil }
        for (key, now) in later.sorted(by: { $0.key.queryid < $1.key.queryid }) {
            let before = earlier[key] ?? [:]
            if now["calls"] != before["calls"] { row(key, before, now) }
        }
        return builder.finish(time: time, interval: time - earlierTime)
    }

    private mutating func row(_ key: Key, _ before: [String: Double], _ now: [String: Double]) {
        builder.set(builder.column("database")!, key.database)
        builder.set(builder.column("username")!, key.username)
        builder.set(builder.column("queryid")!, key.queryid)
        builder.set(builder.column("toplevel")!, key.toplevel ? 1 : 0)
        builder.set(builder.column("ours")!, 0)
        builder.set(builder.column("name")!, Self.name(key.queryid))
        for column in Family.statements.values {
            let handle = builder.column(column.name)!
            switch column.name {
            case "stddev_exec_time": builder.set(handle, deviation("calls", "exec", before, now))
            case "stddev_plan_time": builder.set(handle, deviation("plans", "plan", before, now))
            default:
                guard let value = now[column.name] else { continue }
                let past = before[column.name] ?? 0
                builder.set(handle, column.onChange ? (value == past ? 0 : value) : value - past)
            }
        }
        builder.endRow()
    }

    private func deviation(_ count: String, _ kind: String, _ before: [String: Double], _ now: [String: Double])
        -> Int64
    {
        func lifetime(_ values: [String: Double]) -> Deviation.Lifetime {
            Deviation.Lifetime(
                count: Int64(values[count] ?? 0), total: values["total_\(kind)_time"] ?? 0,
                deviation: values["stddev_\(kind)_time"] ?? 0)
        }
        return Deviation.between(lifetime(before), lifetime(now))
    }

    /// As many random bits as a fingerprint has, without the parser: what matters here is what they cost.
    private static func name(_ queryid: Int64) -> String {
        var bits = UInt64(bitPattern: queryid)
        for _ in 0..<2 {
            bits ^= bits >> 31
            bits &*= 0x9E37_79B9_7F4A_7C15
        }
        let digits = String(bits ^ bits >> 29, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
