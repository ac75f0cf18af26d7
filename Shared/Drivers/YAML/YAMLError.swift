/// Why a text is not YAML that can be used.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is; more may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }

        /// It is not YAML.
        public static let syntax = Code("syntax")
        /// A mapping has a key twice.
        public static let duplicateKey = Code("duplicate_key")
        /// It is deeper, larger or has more aliases than allowed.
        public static let limit = Code("limit")
        /// It uses what is not supported: several documents, an alias of what contains it.
        public static let unsupported = Code("unsupported")
    }

    /// The kind of failure.
    public let code: Code
    /// `name:line:column: ` and what is wrong, in one line.
    public let message: String
    /// Where, from 1.
    public let line: Int
    public let column: Int

    /// An error at a place of the text called `name`.
    public init(_ code: Code, name: String, line: Int, column: Int, _ what: String) {
        self.code = code
        self.line = line
        self.column = column
        self.message = "\(name):\(line):\(column): \(what)"
    }

    public var description: String { message }
}
