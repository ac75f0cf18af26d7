import Codec
import Kafka

/// One message of a batch, decoded.
enum Input: Sendable {
    case table(Table)
    case statement(Statement)
    case collector(CollectorStatus)
    case finding(Finding)
    case alert(AlertEvent)
    /// A tombstone of a compacted topic: nothing to store.
    case nothing
}

/// Why a message cannot be used by this release.
enum Refusal: Error, Equatable, Sendable {
    /// Bad data: it goes to the dead letters.
    case bad(reason: String, detail: String)
    /// From a newer producer: its partition waits for a newer writer.
    case newer(String)
}

/// The topics that the writer reads, by their names in the cluster.
struct InputTopics: Sendable {
    let samples: String
    let statements: String
    let collectors: String
    let findings: String
    let alerts: String
    let deadLetters: String
    private let known: [String: AnyTopic]

    init(prefix: String) {
        samples = Topics.samples.fullName(prefix: prefix)
        statements = Topics.statements.fullName(prefix: prefix)
        collectors = Topics.collectors.fullName(prefix: prefix)
        findings = Topics.findings.fullName(prefix: prefix)
        alerts = Topics.alerts.fullName(prefix: prefix)
        deadLetters = Topics.deadletter.fullName(prefix: prefix)
        known = [
            samples: Topics.samples.erased, statements: Topics.statements.erased,
            collectors: Topics.collectors.erased, findings: Topics.findings.erased, alerts: Topics.alerts.erased,
        ]
    }

    /// What is subscribed to.
    var all: [String] { [samples, statements, collectors, findings, alerts] }

    /// The envelope of a record, if this release knows its version.
    func envelope(of record: borrowing KafkaRecord) throws(Refusal) -> (Envelope, AnyTopic) {
        guard let topic = known[record.topic] else {
            throw .bad(reason: "topic", detail: "nothing is known of this topic")
        }
        do {
            let envelope = try Envelope(headers: record.headers, supported: topic.version)
            guard envelope.type == topic.message else {
                throw Refusal.bad(
                    reason: "type", detail: "a \(envelope.type) where \(topic.message) is expected")
            }
            return (envelope, topic)
        } catch let error as EnvelopeError {
            if case .newerVersion = error { throw .newer(error.description) }
            throw .bad(reason: error.code, detail: error.description)
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw .bad(reason: "header", detail: "\(error)")
        }
    }

    /// The payload, decoded where it lies.
    func decode(_ record: borrowing KafkaRecord) throws(Refusal) -> Input {
        guard let value = record.value else {
            if record.topic == statements { return .nothing }
            throw .bad(reason: "payload_missing", detail: "the message has no payload")
        }
        do throws(WireError) {
            switch record.topic {
            case samples: return .table(try Table.decode(value))
            case statements: return .statement(try Statement.decode(value))
            case collectors: return .collector(try CollectorStatus.decode(value))
            case findings: return .finding(try Finding.decode(value))
            default: return .alert(try AlertEvent.decode(value))
            }
        } catch {
            throw .bad(reason: error.code.rawValue, detail: error.description)
        }
    }
}
