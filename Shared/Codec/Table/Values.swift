/// The values of a column, a place for each row; the place of a null holds a zero or the first text, and is not to be read.
public enum Values: Sendable, Equatable {
    /// Texts by their place in a dictionary.
    case strings(dictionary: [String], indexes: [UInt32])
    case integers([Int64])
    case doubles([Double])

    /// How many rows.
    public var count: Int {
        switch self {
        case .strings(_, let indexes): indexes.count
        case .integers(let values): values.count
        case .doubles(let values): values.count
        }
    }

    /// How they are held.
    public var type: ValueType {
        switch self {
        case .strings: .text
        case .integers: .integer
        case .doubles: .double
        }
    }
}
