import Codec
import Kafka
import Postgres
import Runtime

/// Sends what the transactions put into the outbox, and deletes what Kafka has acknowledged.
///
/// One analyzer sends at a time, under an advisory lock, so that the messages of a finding go out in the order in which
/// they were decided also when a partition moves from one analyzer to another. Killed after the acknowledgement and
/// before the deletion, it sends again under the same identifier, and readers drop what they know.
struct OutboxSender: Sendable {
    let database: PostgresSettings
    let store: AnalyzerStore
    let producer: KafkaProducer
    let topic: String
    let poll: Duration
    let timeout: Duration
    let bell: Bell
    let logger: Logger
    let metrics: AnalyzerMetrics

    /// Runs until the shutdown. Throws when the producer can send nothing more: the process begins anew with another.
    func run(until shutdown: Shutdown) async throws {
        var pause = Duration.milliseconds(200)
        var said = ""
        while !shutdown.isRequested {
            do {
                try await session(until: shutdown) {
                    pause = .milliseconds(200)
                    said = ""
                }
            } catch {
                if let error = error as? KafkaError, error.isFatal { throw error }
                // The same trouble is told once.
                let text = "\(error)"
                if text != said { logger.warning("Outbox waits", [.errorMessage: LogValue(text)]) }
                said = text
                await shutdown.sleep(for: pause)
                pause = min(pause * 2, .seconds(10))
            }
        }
    }

    private func session(until shutdown: Shutdown, _ succeeded: () -> Void) async throws {
        var connection = try await PostgresConnection.open(database, timeout: timeout, logger: logger)
        var isOurs = false
        while !shutdown.isRequested {
            if !isOurs { isOurs = try await store.lockOutbox(&connection) }
            if isOurs {
                while try await sendSome(&connection) {}
            }
            succeeded()
            await bell.wait(atMost: poll, shutdown)
        }
        connection.close()
    }

    /// Sends the oldest messages; true when there may be more.
    private func sendSome(_ connection: inout PostgresConnection) async throws -> Bool {
        let limit = 500
        let messages = try await store.oldest(limit, &connection)
        metrics.waiting.set(messages.count)
        guard !messages.isEmpty else { return false }
        let results = await producer.send(messages.map { record($0.message) })
        // Sent in order and deleted up to the first that failed, so that nothing overtakes it.
        let acknowledged = zip(messages, results).prefix { $0.1 == nil }.map(\.0.row)
        if !acknowledged.isEmpty { try await store.delete(acknowledged, &connection) }
        metrics.published.add(acknowledged.count)
        let errors = results.compactMap { $0 }
        if let error = errors.first(where: \.isFatal) ?? errors.first {
            metrics.publishErrors.add()
            throw error
        }
        return messages.count == limit
    }

    private func record(_ message: FindingMessage) -> ProducerRecord {
        let envelope = Envelope(
            Topics.findings,
            stream: StreamName(producer: "analyzer", topic: Topics.findings.name, key: message.instance),
            identity: message.id, time: message.time)
        return ProducerRecord(
            topic: topic, key: Array(message.instance.utf8), value: message.payload, headers: envelope.headers)
    }
}
