/// A parameter of a query (`$1`, `$2`, …).
///
/// Numbers, booleans, bytes, times and arrays go with their type. A text goes without one, so that it becomes what
/// stands beside it: an enum, a uuid, a name, text.
public enum PostgresValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case text(String)
    case bytes([UInt8])
    /// Microseconds since 1970-01-01 UTC.
    case timestamp(Int64)
    case textArray([String])
    case intArray([Int64])
    case doubleArray([Double])
    /// A JSON document, sent as jsonb.
    case json(String)

    /// A text or NULL.
    public static func text(orNull value: String?) -> PostgresValue { value.map { .text($0) } ?? .null }
    /// An integer or NULL.
    public static func int(orNull value: Int64?) -> PostgresValue { value.map { .int($0) } ?? .null }
    /// A double or NULL.
    public static func double(orNull value: Double?) -> PostgresValue { value.map { .double($0) } ?? .null }
    /// A time or NULL.
    public static func timestamp(orNull value: Int64?) -> PostgresValue { value.map { .timestamp($0) } ?? .null }
}
