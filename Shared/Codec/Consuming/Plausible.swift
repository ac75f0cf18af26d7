/// What a decoded message must hold so that nothing later trips over it: whoever can write to a topic can write anything.
///
/// Each check throws ``Refusal/bad(reason:detail:)``.
public enum Plausible {
    /// From 1970 to the year 9999: time can be subtracted from time, and stored.
    public static let times: ClosedRange<Int64> = 0...253_402_300_799_000_000

    /// What becomes part of a key in a database may be so many bytes: four of them together still fit into an entry of
    /// PostgreSQL's B-tree (2,704 bytes).
    public static let longestKey = 512

    /// Columns that name what a statement's rows are about.
    private static let keys: Set<String> = ["database", "username", "name"]

    public static func check(_ envelope: Envelope) throws(Refusal) {
        try check(envelope.source, "the stream's name", longest: longestKey)
        try check(envelope.id, "the message's id", longest: longestKey)
    }

    public static func check(_ table: Table) throws(Refusal) {
        try check(table.instance, "the instance", longest: longestKey)
        try check(table.collector, "the collector", longest: longestKey)
        try check(table.time, "the time")
        guard (0...31_536_000_000_000).contains(table.interval) else {
            throw Refusal.bad(reason: "interval", detail: "the interval \(table.interval) is not one of up to a year")
        }
        for column in table.columns {
            guard case .strings(let dictionary, _) = column.values else { continue }
            let longest = keys.contains(column.name) ? longestKey : longestText
            for text in dictionary { try check(text, "column \(column.name)", longest: longest) }
        }
    }

    public static func check(_ finding: Finding) throws(Refusal) {
        try check(finding.time, "the time")
        for (text, what) in [
            (finding.identity, "the identity"), (finding.kind, "the kind"), (finding.instance, "the instance"),
            (finding.subject, "the subject"),
        ] {
            try check(text, what, longest: longestKey)
        }
        for label in finding.evidence { try check(label.value, "the evidence \(label.name)") }
    }

    public static func check(_ time: Int64, _ what: String) throws(Refusal) {
        guard times.contains(time) else {
            throw Refusal.bad(reason: "time", detail: "\(what) \(time) is not between 1970 and 9999")
        }
    }

    /// As long as a text may be that is no key.
    public static let longestText = 65_536

    /// PostgreSQL's text has no zero byte: one would be refused with the whole transaction, for ever.
    public static func check(_ text: String, _ what: String, longest: Int = longestText) throws(Refusal) {
        guard !text.utf8.contains(0) else {
            throw Refusal.bad(reason: "zero_byte", detail: "\(what) holds a zero byte")
        }
        guard text.utf8.count <= longest else {
            throw Refusal.bad(reason: "too_long", detail: "\(what) is longer than \(longest) bytes")
        }
    }
}
