/// Why bytes could not be read as a message: what, and at which byte.
public struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. Open: later versions may add some.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The message ends in the middle of a field.
        public static let truncated = Code(rawValue: "truncated")
        /// A varint of more than ten bytes, or of more than 64 bits.
        public static let varint = Code(rawValue: "varint")
        /// A field number or wire type that Protocol Buffers do not have.
        public static let tag = Code(rawValue: "tag")
        /// A field that we know came in a wire type that it cannot have.
        public static let wireType = Code(rawValue: "wire_type")
        /// A string that is not UTF-8.
        public static let utf8 = Code(rawValue: "utf8")
        /// An enumeration's number that this version does not know.
        public static let enumeration = Code(rawValue: "enumeration")
        /// A field without which the message means nothing is absent.
        public static let missing = Code(rawValue: "missing")
        /// Fields that contradict each other, such as a column shorter than its table.
        public static let inconsistent = Code(rawValue: "inconsistent")
        /// Nested deeper than any message of ours.
        public static let depth = Code(rawValue: "depth")
    }

    /// What kind of failure.
    public let code: Code
    /// Where, in bytes from the beginning of the payload.
    public let offset: Int
    /// What was wrong, in words, without the offset.
    public let message: String

    public init(_ code: Code, at offset: Int, _ message: String) {
        self.code = code
        self.offset = offset
        self.message = message
    }

    public var description: String { "\(message) at byte \(offset) (\(code.rawValue))" }
}
