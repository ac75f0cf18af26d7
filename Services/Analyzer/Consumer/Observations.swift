import Codec

/// The rows of a statements table that can be judged.
struct Observations {
    var rows: [Observation] = []
    /// Rows flagged first, reset or evicted, or of the collector itself: a delta that is not one proves nothing.
    var leftOut = 0

    init(_ table: Table) {
        guard let queryids = table["queryid"], let calls = table["calls"], let totals = table["total_exec_time"] else {
            return
        }
        let (databases, usernames, levels) = (table["database"], table["username"], table["toplevel"])
        let (names, ours) = (table["name"], table["ours"])
        rows.reserveCapacity(table.rowCount)
        for row in 0..<table.rowCount {
            guard table.quality(row) == .ok, ours?.integer(row) != 1, let queryid = queryids.integer(row),
                let called = calls.integer(row), let total = totals.integer(row)
            else {
                leftOut += 1
                continue
            }
            guard called > 0 else { continue }
            rows.append(
                Observation(
                    subject: Subject(
                        database: databases?.string(row) ?? "", username: usernames?.string(row) ?? "",
                        queryid: queryid, topLevel: levels?.integer(row) != 0),
                    name: names?.string(row), time: table.time, interval: table.interval, calls: called,
                    total: total))
        }
    }
}
