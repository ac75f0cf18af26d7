/// What went wrong in the Crypto driver: what, where and what to do, never a secret.
public struct CryptoError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure; open, so that a later version can add one.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name of the code, as it is logged.
        public let description: String

        /// A password that cannot be hashed.
        public static let password = Code(description: "password")
        /// A key that is missing, broken or of another kind.
        public static let key = Code(description: "key")
        /// A token that is not one of ours, or no longer.
        public static let token = Code(description: "token")
        /// The library failed.
        public static let library = Code(description: "library")
    }

    /// The kind of failure.
    public let code: Code
    /// What, where and what to do, in one line.
    public let message: String

    /// An error of that kind.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Code and message.
    public var description: String { "\(code): \(message)" }
}
