extension Table {
    /// What a table may take as a message, before compression, so that its headers and key still fit in the topic's
    /// `max.message.bytes` of 1 MiB.
    public static let messageLimit = 900_000

    /// The table as whole tables, each at most `limit` bytes when encoded, rows in their order. One row is never cut: a
    /// ``TableBuilder`` keeps its texts short enough for any row to fit.
    public func split(limit: Int = Table.messageLimit) -> [Table] {
        let size = encoded().count
        guard size > limit, rowCount > 1 else { return [self] }
        // Rows differ in size: pieces that still are too large are split again.
        let pieces = min(rowCount, size / limit + 1)
        return (0..<pieces).flatMap { piece in
            slice((rowCount * piece / pieces)..<(rowCount * (piece + 1) / pieces)).split(limit: limit)
        }
    }

    /// The rows of a range, as a table of their own.
    public func slice(_ rows: Range<Int>) -> Table {
        var slice = self
        slice.rowCount = rows.count
        slice.columns = columns.map { $0.slice(rows) }
        slice.quality = quality.map { Array($0[rows]) }
        if let flags = slice.quality, flags.allSatisfy({ $0 == .ok }) { slice.quality = nil }
        return slice
    }
}
