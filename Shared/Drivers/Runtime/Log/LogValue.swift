/// The value of a field of a log line.
public enum LogValue: Sendable, Hashable {
    case string(String)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)

    /// An integer of any width; what does not fit in 64 bits is kept as text.
    public init(_ value: some BinaryInteger) {
        self = Int64(exactly: value).map { .integer($0) } ?? .string(String(value))
    }

    /// A text.
    public init(_ value: String) { self = .string(value) }

    /// A number.
    public init(_ value: Double) { self = .double(value) }

    /// A truth value.
    public init(_ value: Bool) { self = .boolean(value) }

    /// A duration in milliseconds, to the microsecond.
    public init(_ value: Duration) {
        let (seconds, attoseconds) = value.components
        self = .double(Double(seconds) * 1_000 + Double(attoseconds / 1_000_000_000_000) / 1_000)
    }

    /// Whatever `value` says of itself.
    public init<T>(describing value: T) { self = .string(String(describing: value)) }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}
