/// Why bytes could not be compressed or decompressed.
public struct ZstdError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is; more may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }

        /// The bytes are not what zstd writes.
        public static let corrupt = Code("corrupt")
        /// The bytes end in the middle of a frame.
        public static let truncated = Code("truncated")
        /// There is more in them than the limit allows.
        public static let tooLarge = Code("too_large")
        /// The library could not do its work.
        public static let failed = Code("failed")
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, in one line.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
