/// Writes structured lines: a constant message that begins with a capital, and the data in fields.
///
/// A logger is passed in, never made by a library. Each line is one `write(2)`, so that the lines of threads and of
/// processes that share a descriptor do not mix. Secrets given to ``hiding(_:)`` are masked wherever they occur.
public struct Logger: Sendable {
    /// What all loggers made from one have in common.
    private final class Shared: Sendable {
        let service: String
        let level: LogLevel
        let format: LogFormat
        let secrets: [String]
        let sink: @Sendable (String) -> Void

        init(
            service: String, level: LogLevel, format: LogFormat, secrets: [String],
            sink: @escaping @Sendable (String) -> Void
        ) {
            self.service = service
            self.level = level
            self.format = format
            self.secrets = secrets
            self.sink = sink
        }
    }

    private let shared: Shared
    private let fields: [(LogKey, LogValue)]

    /// A logger of the service named; without a `sink` lines go to the standard error.
    ///
    /// The sink is called on the thread that logs, with one line without its line feed.
    public init(
        service: String, level: LogLevel = .info, format: LogFormat = .text, sink: (@Sendable (String) -> Void)? = nil
    ) {
        self.shared = Shared(
            service: service, level: level, format: format, secrets: [], sink: sink ?? StandardError.write)
        self.fields = []
    }

    private init(shared: Shared, fields: [(LogKey, LogValue)]) {
        self.shared = shared
        self.fields = fields
    }

    /// The least level that is written.
    public var level: LogLevel { shared.level }

    /// A logger that adds these fields to each line.
    public func with(_ fields: KeyValuePairs<LogKey, LogValue>) -> Logger {
        Logger(shared: shared, fields: self.fields + fields.map { ($0.key, $0.value) })
    }

    /// A logger that masks these texts wherever they occur in a line; those under 4 characters would mask too much.
    public func hiding(_ secrets: [String]) -> Logger {
        let all = Set(shared.secrets + secrets.filter { $0.utf8.count >= 4 })
        // The longest first: a URL that contains a password is masked as a whole.
        let sorted = all.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
        return Logger(
            shared: Shared(
                service: shared.service, level: shared.level, format: shared.format, secrets: sorted, sink: shared.sink),
            fields: fields)
    }

    /// A line for whoever looks for a fault.
    public func debug(_ message: String, _ fields: KeyValuePairs<LogKey, LogValue> = [:]) {
        log(.debug, message, fields)
    }

    /// A line about the normal course of things.
    public func info(_ message: String, _ fields: KeyValuePairs<LogKey, LogValue> = [:]) {
        log(.info, message, fields)
    }

    /// A line about something that should not be, and that the service copes with.
    public func warning(_ message: String, _ fields: KeyValuePairs<LogKey, LogValue> = [:]) {
        log(.warning, message, fields)
    }

    /// A line about something that somebody has to look at.
    public func error(_ message: String, _ fields: KeyValuePairs<LogKey, LogValue> = [:]) {
        log(.error, message, fields)
    }

    /// A line at a level that is known at run time only.
    public func log(_ level: LogLevel, _ message: String, _ fields: KeyValuePairs<LogKey, LogValue> = [:]) {
        guard level >= shared.level else { return }
        var line = LogLine(
            format: shared.format, secrets: shared.secrets, time: WallClock.microseconds(), level: level,
            service: shared.service, message: message)
        for (key, value) in self.fields { line.append(key, value) }
        for (key, value) in fields { line.append(key, value) }
        shared.sink(line.finish())
    }
}
