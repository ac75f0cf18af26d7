/// What this module's threads, descriptors and processes can fail with.
public struct RuntimeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is; more may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }

        /// The thread was stopped before the work was given to it.
        public static let stopped = Code("stopped")
        /// A program could not be started.
        public static let spawn = Code("spawn")
        /// A call of the operating system failed.
        public static let system = Code("system")
        /// It took longer than it was given.
        public static let timeout = Code("timeout")
        /// There was more output than it was allowed.
        public static let tooMuchOutput = Code("too_much_output")
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, where, and what to do, in one line.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
