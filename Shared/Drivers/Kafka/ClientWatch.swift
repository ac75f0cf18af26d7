import CRdkafka
import Runtime
import Synchronization

/// What librdkafka says in the background of one client: connection errors and its log, as few lines as tell the story,
/// and the last error for whoever is asked whether all is well.
final class ClientWatch: Sendable {
    private struct State {
        var lastError: KafkaError?
        var connection: KafkaError?
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

    /// The error that stands between us and the cluster, nil once something succeeded.
    var lastError: KafkaError? { state.withLock { $0.lastError } }

    /// Something succeeded.
    func succeeded() {
        let error = state.withLock { state in
            defer {
                state.lastError = nil
                state.connection = nil
            }
            return state.lastError
        }
        if let error { logger.info("Kafka answers again", [.errorCode: .string(error.code.rawValue)]) }
    }

    /// An error that librdkafka reports without having been asked.
    func report(_ code: rd_kafka_resp_err_t, _ text: String) {
        var error = KafkaError.explained(code, detail: text, settings: settings)
        state.withLock { state in
            switch error.code {
            case .authentication, .ssl, .resolve, .fatal:
                state.connection = error
                state.lastError = error
            case .allBrokersDown:
                // It follows the reason: that one is worth more.
                if let reason = state.connection { error = reason } else { state.lastError = error }
            case .transport:
                // One broker of several may be away without harm, so this alone is no error of the client.
                if state.connection == nil { state.connection = error }
                if state.lastError?.code == .allBrokersDown { state.lastError = error }
            default: break
            }
        }
        write(error.code.rawValue, error.code == .transport ? .info : .warning, "Kafka connection error", [
            .errorCode: .string(error.code.rawValue), .errorMessage: .string(error.message),
        ])
    }

    /// An error somebody must know of although no call returns it (a topic that is not there, a group not allowed).
    func stand(_ error: KafkaError) {
        state.withLock { $0.lastError = error }
        write(error.code.rawValue + error.message, .warning, "Kafka error", [
            .errorCode: .string(error.code.rawValue), .errorMessage: .string(error.message),
        ])
    }

    /// A line of librdkafka's own log. Failed connections come as errors too and are told there.
    func log(level: Int32, facility: String, text: String) {
        let fields: KeyValuePairs<LogKey, LogValue> = [.kafkaFacility: .string(facility), .kafkaText: .string(text)]
        if level > 5 || ["FAIL", "ERROR", "CONFWARN"].contains(facility) {
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
