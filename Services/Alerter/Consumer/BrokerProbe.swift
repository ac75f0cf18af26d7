import Kafka
import Runtime
import Synchronization

/// Whether Kafka answers: asked every few seconds, for a consumer that hears nothing cannot tell a silent collector from
/// a broker that is gone without a word.
final class BrokerProbe: Sendable {
    private let settings: KafkaSettings
    private let logger: Logger
    private let lastAnswer = Mutex<ContinuousClock.Instant?>(nil)

    private static let interval = Duration.seconds(3)

    init(_ settings: KafkaSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// It answered lately.
    var answers: Bool {
        lastAnswer.withLock { last in last.map { .now - $0 < Self.interval * 4 } ?? false }
    }

    /// Asks until the shutdown.
    func run(until shutdown: Shutdown) async throws {
        let admin = try KafkaAdmin(settings, logger: logger, timeout: .seconds(5))
        while !shutdown.isRequested {
            if (try? await admin.cluster()) != nil { lastAnswer.withLock { $0 = .now } }
            await shutdown.sleep(for: Self.interval)
        }
        await admin.close()
    }
}
