/// What went wrong in the HTTP driver: one line that names place, value and remedy.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure; open, so that a later version can add one.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name of the code, as it is logged.
        public let description: String

        /// The listening address is wrong, taken or not ours.
        public static let listen = Code(description: "listen")
        /// The bytes of a request, a URL or a header are not valid.
        public static let malformed = Code(description: "malformed")
        /// The name of the host has no address.
        public static let resolve = Code(description: "resolve")
        /// No connection came about: refused, unreachable or not made in time. Nothing of the request was sent.
        public static let connect = Code(description: "connect")
        /// The connection broke while it was in use: the request may have been taken.
        public static let connection = Code(description: "connection")
        /// The address of the host is not allowed for this client.
        public static let forbiddenAddress = Code(description: "forbidden_address")
        /// The certificate or the handshake failed.
        public static let tls = Code(description: "tls")
        /// No answer within the time allowed.
        public static let timeout = Code(description: "timeout")
        /// The answer is larger than allowed.
        public static let tooLarge = Code(description: "too_large")
        /// The caller gave up.
        public static let cancelled = Code(description: "cancelled")
        /// The client was closed.
        public static let closed = Code(description: "closed")
        /// The library failed in a way that has no name here; the message has its own words.
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

    /// Whether the same request may succeed a little later.
    public var isRetriable: Bool { [.resolve, .connect, .connection, .timeout].contains(code) }

    /// Code and message.
    public var description: String { "\(code): \(message)" }
}
