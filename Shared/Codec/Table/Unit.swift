/// The unit of a column's values.
public enum Unit: UInt8, Sendable, CaseIterable {
    /// A name, an identity, a ratio, or something that a unit of later versions is of.
    case none = 0
    case nanoseconds = 1
    case microseconds = 2
    case bytes = 3
    /// Pages of the server's block size, 8 KiB almost everywhere.
    case blocks = 4
    case rows = 5
    /// Things of the kind that the column's name says.
    case count = 6
    /// A point in time: microseconds since 1970, UTC.
    case unixMicroseconds = 7
    /// Zero or one.
    case boolean = 8
    case seconds = 9
}
