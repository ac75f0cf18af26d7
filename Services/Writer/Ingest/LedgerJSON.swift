import Codec
import Kafka

/// The ledger's rows as JSON.
enum LedgerJSON {
    /// Holes in sequences.
    static func gaps(_ gaps: [StreamLedger.Gap]) -> String {
        list(gaps) { json, gap in
            place(&json, gap.stream.partition)
            text(&json, "kind", "sequence")
            text(&json, "producer", gap.stream.producer)
            text(&json, "key", gap.stream.key)
            text(&json, "epoch", gap.stream.epoch)
            number(&json, "first_missing", Int64(gap.first))
            number(&json, "last_missing", Int64(gap.last))
            if let after = gap.after { number(&json, "after_time", after) }
            number(&json, "before_time", gap.before)
        }
    }

    /// A hole in a partition's offsets: what was there came after `after` (nil: not known) and before `before`.
    static func gap(_ partition: TopicPartition, from: Int64, to: Int64, after: Int64?, before: Int64) -> String {
        list([from]) { json, _ in
            place(&json, partition)
            text(&json, "kind", "offset")
            number(&json, "first_missing", from)
            number(&json, "last_missing", to - 1)
            if let after { number(&json, "after_time", min(after, before)) }
            number(&json, "before_time", before)
        }
    }

    /// Messages that were buried.
    static func deadLetters(_ letters: [DeadLetter]) -> String {
        list(letters) { json, letter in
            place(&json, TopicPartition(topic: letter.topic, partition: letter.partition))
            number(&json, "offset", letter.offset)
            text(&json, "reason", letter.reason)
            // A detail can quote bytes that PostgreSQL does not store.
            let printable = letter.detail.unicodeScalars.map { $0 == "\u{0}" ? "\u{FFFD}" : Character($0) }
            text(&json, "detail", String(printable))
        }
    }

    private static func list<T>(_ items: [T], _ row: (inout JSONText, T) -> Void) -> String {
        var json = JSONText()
        json.beginArray()
        for item in items {
            json.beginObject()
            row(&json, item)
            json.endObject()
        }
        json.endArray()
        return json.text
    }

    private static func place(_ json: inout JSONText, _ partition: TopicPartition) {
        text(&json, "topic", partition.topic)
        number(&json, "partition", Int64(partition.partition))
    }

    private static func text(_ json: inout JSONText, _ name: String, _ value: String) {
        json.key(name)
        json.string(value)
    }

    private static func number(_ json: inout JSONText, _ name: String, _ value: Int64) {
        json.key(name)
        json.number(value)
    }
}
