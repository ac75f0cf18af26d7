/// A setting, an argument or a settings file that cannot be used.
///
/// The message is one line: what, where (`file:line:column`, the variable or the option), and what to do.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of mistake it is; more may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }

        /// A file that cannot be read.
        public static let unreadable = Code("unreadable")
        /// A file that is not TOML.
        public static let malformed = Code("malformed")
        /// A key, variable or option that nobody knows.
        public static let unknown = Code("unknown")
        /// A value that the key cannot have.
        public static let invalid = Code("invalid")
        /// A required key without a value.
        public static let missing = Code("missing")
        /// The same thing said twice.
        public static let conflict = Code("conflict")
        /// A command line that does not fit the usage.
        public static let usage = Code("usage")
    }

    /// The kind of mistake.
    public let code: Code
    /// What, where and what to do, in one line.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
