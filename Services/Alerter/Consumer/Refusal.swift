import Codec

/// Why a message that can be decoded is not used all the same.
struct Refusal: Error, CustomStringConvertible {
    /// A short name for counters and dead letters.
    let code: String
    let description: String
}

/// What a decoded message must hold so that nothing later trips over it: whoever can write to a topic can write anything.
enum Plausible {
    /// From 1970 to the year 9999: time can be subtracted from time, and stored.
    static let times: ClosedRange<Int64> = 0...253_402_300_799_000_000

    static func check(_ envelope: Envelope) throws(Refusal) {
        try check(envelope.source, "the stream's name")
        try check(envelope.id, "the message's id")
    }

    static func check(_ table: Table) throws(Refusal) {
        try check(table.instance, "the instance")
        try check(table.collector, "the collector")
        try check(table.time, "the time")
        guard (0...31_536_000_000_000).contains(table.interval) else {
            throw Refusal(code: "interval", description: "the interval \(table.interval) is not one of up to a year")
        }
        for column in table.columns {
            guard case .strings(let dictionary, _) = column.values else { continue }
            for text in dictionary { try check(text, "column \(column.name)") }
        }
    }

    static func check(_ finding: Finding) throws(Refusal) {
        try check(finding.time, "the time")
        for (text, what) in [
            (finding.identity, "the identity"), (finding.kind, "the kind"), (finding.instance, "the instance"),
            (finding.subject, "the subject"),
        ] {
            try check(text, what)
        }
        for label in finding.evidence { try check(label.value, "the evidence \(label.name)") }
    }

    static func check(_ time: Int64, _ what: String) throws(Refusal) {
        guard times.contains(time) else {
            throw Refusal(code: "time", description: "\(what) \(time) is not between 1970 and 9999")
        }
    }

    /// PostgreSQL's text has no zero byte: one would be refused with the whole transaction, for ever.
    static func check(_ text: String, _ what: String) throws(Refusal) {
        guard !text.utf8.contains(0) else { throw Refusal(code: "zero_byte", description: "\(what) holds a zero byte") }
        guard text.utf8.count <= 65_536 else {
            throw Refusal(code: "too_long", description: "\(what) is longer than 65536 bytes")
        }
    }
}
