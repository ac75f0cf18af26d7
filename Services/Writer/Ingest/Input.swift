import Codec
import Kafka

/// One message of a batch, decoded.
enum Input: Sendable {
    case table(Table)
    case statement(Statement)
    case collector(CollectorStatus)
    case finding(Finding)
    case alert(AlertEvent)
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

    /// Whether this is a tombstone of a compacted topic: there is nothing to store, whatever its headers say.
    func isTombstone(_ record: borrowing KafkaRecord) -> Bool { record.topic == statements && record.value == nil }

    /// What is subscribed to.
    var all: [String] { [samples, statements, collectors, findings, alerts] }

    /// The envelope of a record, if this release knows its version.
    func envelope(of record: borrowing KafkaRecord) throws(Refusal) -> (Envelope, AnyTopic) {
        guard let topic = known[record.topic] else {
            throw .bad(reason: "topic", detail: "nothing is known of this topic")
        }
        return (try topic.envelope(headers: record.headers), topic)
    }

    /// The payload, decoded where it lies.
    func decode(_ record: borrowing KafkaRecord) throws(Refusal) -> Input {
        guard let value = record.value else {
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
            throw Refusal(error)
        }
    }
}
