/// Why something Kafka was asked for did not happen: one line saying what, where and what to do about it.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of error it is. Open: `Code(rawValue:)` with librdkafka's name of any error it has
    /// (`UNKNOWN_TOPIC_OR_PART`, `_TRANSPORT`, …) is valid, and the names below are the ones callers ask for.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }

        /// A setting was refused before anything was sent.
        public static let configuration = Code(rawValue: "configuration")
        /// The producer, consumer or admin client was closed already.
        public static let closed = Code(rawValue: "closed")
        /// A stored offset lies beyond the end of its partition.
        public static let offsetBeyondEnd = Code(rawValue: "offset_beyond_end")
        /// No broker could be reached.
        public static let allBrokersDown = Code(rawValue: "_ALL_BROKERS_DOWN")
        /// A connection failed or was closed.
        public static let transport = Code(rawValue: "_TRANSPORT")
        /// A host name could not be resolved.
        public static let resolve = Code(rawValue: "_RESOLVE")
        /// The broker refused the name or password, or the mechanism.
        public static let authentication = Code(rawValue: "_AUTHENTICATION")
        /// The TLS handshake failed.
        public static let ssl = Code(rawValue: "_SSL")
        /// No answer in time.
        public static let timedOut = Code(rawValue: "_TIMED_OUT")
        /// Not acknowledged within `message.timeout.ms`.
        public static let messageTimedOut = Code(rawValue: "_MSG_TIMED_OUT")
        /// The producer's own queue stayed full.
        public static let queueFull = Code(rawValue: "_QUEUE_FULL")
        /// The producer can send nothing more and must be made anew.
        public static let fatal = Code(rawValue: "_FATAL")
        /// The topic or partition does not exist.
        public static let unknownTopic = Code(rawValue: "UNKNOWN_TOPIC_OR_PART")
        /// The record is larger than the topic or the producer allows.
        public static let messageTooLarge = Code(rawValue: "MSG_SIZE_TOO_LARGE")
        /// The principal may not do this on this topic.
        public static let topicAuthorization = Code(rawValue: "TOPIC_AUTHORIZATION_FAILED")
        /// The principal may not use this group.
        public static let groupAuthorization = Code(rawValue: "GROUP_AUTHORIZATION_FAILED")
        /// The consumer's position does not exist any more and `auto.offset.reset` is `error`.
        public static let autoOffsetReset = Code(rawValue: "_AUTO_OFFSET_RESET")
        /// The cluster (librdkafka's mock cluster, for one) does not know this request.
        public static let unsupported = Code(rawValue: "_UNSUPPORTED_FEATURE")
        /// The topic is there already.
        public static let topicExists = Code(rawValue: "TOPIC_ALREADY_EXISTS")
    }

    public let code: Code

    /// One line: what happened, where, and the remedy where there is one.
    public let message: String

    /// The same request may succeed later without anybody changing anything.
    public let isRetriable: Bool

    /// The client it came from is of no use any more: make a new one, or exit.
    public let isFatal: Bool

    public init(_ code: Code, _ message: String, isRetriable: Bool = false, isFatal: Bool = false) {
        self.code = code
        self.message = message
        self.isRetriable = isRetriable
        self.isFatal = isFatal
    }

    public var description: String { "Kafka: \(message) (\(code))" }
}
