/// The name of a field of a log line, dotted and in lower case (`kafka.topic`).
///
/// Each module declares its own once, so that a misspelt one does not compile:
/// `extension LogKey { static let kafkaTopic: LogKey = "kafka.topic" }`.
public struct LogKey: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The name as it is written in the line.
    public let name: String

    /// A key with this name.
    public init(_ name: String) { self.name = name }

    public init(stringLiteral value: String) { self.name = value }
}

extension LogKey {
    /// The short, stable code of an error.
    public static let errorCode: LogKey = "error.code"
    /// What an error says of itself.
    public static let errorMessage: LogKey = "error.message"
    /// How long something took, in milliseconds.
    public static let durationMilliseconds: LogKey = "duration.ms"
}
