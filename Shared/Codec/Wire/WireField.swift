/// The four wire types that are written today, and the two of the old groups, which are only skipped.
public enum WireType: UInt8, Sendable {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case groupStart = 3
    case groupEnd = 4
    case fixed32 = 5
}

/// The tag of a field just read: its number and how it is written.
public struct WireField: Sendable, Equatable {
    /// The number in the `.proto` file.
    public let number: Int
    /// How the value that follows is written.
    public let type: WireType
    /// Where the tag began, for errors.
    public let offset: Int
}
