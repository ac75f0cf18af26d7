/// A query or path parameter as it is declared: what is documented is what is checked.
struct Parameter: Sendable {
    /// What a value may be.
    enum Kind: Sendable, Equatable {
        case text(longest: Int)
        case integer(ClosedRange<Int>)
        case boolean
        case time
        case duration
        case choice([String])
        case cursor
        /// May come several times; each is `name=value`.
        case pairs
    }

    var name: String
    var kind: Kind
    /// The value without one, as it would be written.
    var fallback: String?
    var isRequired = false
    /// One sentence.
    var description: String

    static func path(_ name: String, _ description: String) -> Parameter {
        Parameter(name: name, kind: .text(longest: 200), fallback: nil, isRequired: true, description: description)
    }

    static func limit(_ fallback: Int, most: Int) -> Parameter {
        Parameter(
            name: "limit", kind: .integer(1...most), fallback: String(fallback),
            description: "How many entries at most.")
    }

    static let cursor = Parameter(
        name: "cursor", kind: .cursor, fallback: nil,
        description: "Where the page before ended: its `next_cursor`, unchanged.")

    static let from = Parameter(
        name: "from", kind: .time, fallback: nil,
        description:
            "Begin of the range, itself outside: RFC 3339, or Unix time in seconds. Without it an hour before `to`.")

    static let to = Parameter(
        name: "to", kind: .time, fallback: nil,
        description: "End of the range, itself inside: RFC 3339, or Unix time in seconds. Without it now.")
}

/// The value of a parameter.
enum ParameterValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    /// Microseconds since 1970.
    case time(Int64)
    /// Microseconds.
    case duration(Int64)
    case pairs([Pair])

    struct Pair: Sendable, Equatable {
        var name: String
        var value: String
    }
}
