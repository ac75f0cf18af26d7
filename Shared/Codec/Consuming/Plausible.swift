/// What a decoded message must hold so that nothing later trips over it: whoever can write to a topic can write anything.
///
/// Each check throws ``Refusal/bad(reason:detail:)``.
public enum Plausible {
    /// From 1970 to the year 9999: time can be subtracted from time, and stored.
    public static let times: ClosedRange<Int64> = 0...253_402_300_799_000_000

    public static func check(_ envelope: Envelope) throws(Refusal) {
        try check(envelope.source, "the stream's name")
        try check(envelope.id, "the message's id")
    }

    public static func check(_ table: Table) throws(Refusal) {
        try check(table.instance, "the instance")
        try check(table.collector, "the collector")
        try check(table.time, "the time")
        guard (0...31_536_000_000_000).contains(table.interval) else {
            throw Refusal.bad(reason: "interval", detail: "the interval \(table.interval) is not one of up to a year")
        }
        for column in table.columns {
            guard case .strings(let dictionary, _) = column.values else { continue }
            for text in dictionary { try check(text, "column \(column.name)") }
        }
    }

    public static func check(_ finding: Finding) throws(Refusal) {
        try check(finding.time, "the time")
        for (text, what) in [
            (finding.identity, "the identity"), (finding.kind, "the kind"), (finding.instance, "the instance"),
            (finding.subject, "the subject"),
        ] {
            try check(text, what)
        }
        for label in finding.evidence { try check(label.value, "the evidence \(label.name)") }
    }

    public static func check(_ time: Int64, _ what: String) throws(Refusal) {
        guard times.contains(time) else {
            throw Refusal.bad(reason: "time", detail: "\(what) \(time) is not between 1970 and 9999")
        }
    }

    /// PostgreSQL's text has no zero byte: one would be refused with the whole transaction, for ever.
    public static func check(_ text: String, _ what: String) throws(Refusal) {
        guard !text.utf8.contains(0) else {
            throw Refusal.bad(reason: "zero_byte", detail: "\(what) holds a zero byte")
        }
        guard text.utf8.count <= 65_536 else {
            throw Refusal.bad(reason: "too_long", detail: "\(what) is longer than 65536 bytes")
        }
    }
}
