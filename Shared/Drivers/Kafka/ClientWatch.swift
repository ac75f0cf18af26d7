import CRdkafka
import Runtime
import Synchronization

/// What librdkafka says in the background of one client: connection errors and its log, as few lines as tell the story,
/// and the last error for whoever is asked whether all is well.
final class ClientWatch: Sendable {
    private struct State {
        /// No broker can be reached, or none lets us in.
        var connection: KafkaError?
        /// A connection failed, which of itself is no error of the client: there may be other brokers.
        var suspicion: KafkaError?
        /// A topic or group cannot be used.
        var standing: KafkaError?
        /// When a line of a kind was written, and how many of that kind were left out since.
        var lines: [String: (at: ContinuousClock.Instant, suppressed: Int)] = [:]
    }

    let settings: KafkaSettings
    let logger: Logger
    private let interval: Duration
    private let state = Mutex(State())

    init(_ settings: KafkaSettings, logger: Logger, interval: Duration = .seconds(30)) {
        self.settings = settings
        self.logger = logger.hiding(
            settings.properties.filter { Configuration.isSecret($0.key) }.map(\.value))
        self.interval = interval
    }

    /// The error that stands between us and our records, nil once something succeeded.
    var lastError: KafkaError? { state.withLock { $0.connection ?? $0.standing } }

    /// Whether to ask a broker for a sign of life: librdkafka tells when a connection fails, not always when the last
    /// one has, and never when one is back.
    var needsProbe: Bool { state.withLock { $0.connection != nil || $0.suspicion != nil } }

    /// Some broker answered.
    func answered() {
        let error = state.withLock { state in
            defer {
                state.connection = nil
                state.suspicion = nil
            }
            return state.connection
        }
        if let error { logger.info("Kafka answers again", [.errorCode: .string(error.code.rawValue)]) }
    }

    /// Records flow.
    func flows() {
        answered()
        state.withLock { $0.standing = nil }
    }

    /// No broker answered.
    func isSilent() {
        let new: KafkaError? = state.withLock { state in
            guard state.connection == nil, let reason = state.suspicion else { return nil }
            state.connection = noBroker(reason)
            return state.connection
        }
        if let new { write(new) }
    }

    /// An error that librdkafka reports without having been asked.
    func report(_ code: rd_kafka_resp_err_t, _ text: String) {
        let error = KafkaError.explained(code, detail: text, settings: settings)
        let news: KafkaError? = state.withLock { state in
            switch error.code {
            case .authentication, .ssl, .resolve, .fatal: state.connection = error
            case .allBrokersDown:
                // librdkafka says how many are down, and not why: the connection that failed last does.
                state.connection = state.connection ?? state.suspicion.map { noBroker($0) } ?? error
                return state.connection?.code == .allBrokersDown ? state.connection : nil
            case .transport, .timedOut: state.suspicion = error
            default: break
            }
            return error
        }
        if let news { write(news) }
    }

    private func noBroker(_ reason: KafkaError) -> KafkaError {
        KafkaError(
            .allBrokersDown, "no broker of \(settings.place) can be reached: \(reason.message)", isRetriable: true)
    }

    /// An error somebody must know of although no call returns it (a topic that is not there, a group not allowed).
    func stand(_ error: KafkaError) {
        state.withLock { $0.standing = error }
        write(error)
    }

    private func write(_ error: KafkaError) {
        // One of several connections is no news by itself.
        let level: LogLevel = error.code == .transport ? .info : .warning
        write(
            error.code == .unknownTopic ? error.message : error.code.rawValue, level, "Kafka error",
            [.errorCode: .string(error.code.rawValue), .errorMessage: .string(error.message)])
    }

    /// A line of librdkafka's own log. Failed connections come as errors too and are told there.
    func log(level: Int32, facility: String, text: String) {
        let fields: KeyValuePairs<LogKey, LogValue> = [.kafkaFacility: .string(facility), .kafkaText: .string(text)]
        if level > 5 || ["FAIL", "ERROR", "CONFWARN", "AUTOCREATE"].contains(facility) {
            logger.debug("librdkafka says", fields)
        } else {
            write("log." + facility, level <= 3 ? .warning : .info, "librdkafka says", fields)
        }
    }

    /// One line of a kind per interval.
    private func write(
        _ kind: String, _ level: LogLevel, _ message: String, _ fields: KeyValuePairs<LogKey, LogValue>
    ) {
        let now = ContinuousClock.now
        let suppressed: Int? = state.withLock { state in
            if let line = state.lines[kind], now - line.at < interval {
                state.lines[kind] = (line.at, line.suppressed + 1)
                return nil
            }
            let suppressed = state.lines[kind]?.suppressed ?? 0
            if state.lines.count > 100 { state.lines = [:] }
            state.lines[kind] = (now, 0)
            return suppressed
        }
        guard let suppressed else { return }
        (suppressed == 0 ? logger : logger.with([.suppressed: LogValue(suppressed)])).log(level, message, fields)
    }
}
