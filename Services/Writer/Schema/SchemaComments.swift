import Codec
import Postgres

/// `COMMENT ON` for the views and their columns, from the catalogue: no migration, for words change more often than
/// tables.
enum SchemaComments {
    static let sql: String = (families + others).joined(separator: "\n")

    private static let families: [String] = Schema.families.flatMap { frozen -> [String] in
        guard let family = Catalogue.family(frozen.name) else { return [] }
        var lines = [comment("VIEW api.\"\(family.name)\"", family.description)]
        for (name, words) in common { lines.append(comment("COLUMN api.\"\(family.name)\".\(name)", words)) }
        for column in frozen.columns {
            guard let known = family.column(column.name) else { continue }
            let unit = known.unit == .none ? "" : " Unit: \(known.unit)."
            let kind = known.kind == .counter ? " A delta over the interval." : ""
            lines.append(
                comment("COLUMN api.\"\(family.name)\".\"\(column.name)\"", known.description + unit + kind))
        }
        return lines
    }

    private static let common = [
        ("instance", "The id of the server, as its collector's settings name it."),
        ("\"time\"", "When it was read, by the server's clock."),
        ("interval_us", "What deltas cover: (time - interval, time], in microseconds; 0 without an earlier reading."),
        ("quality", "0 exact, 1 first reading (deltas are null), 2 counters were reset, 3 evicted and made anew."),
        ("extra", "Columns that this release has no column for, as the server's own names and values."),
    ]

    private static let others = [
        comment("VIEW api.other", "Rows of families that this release does not know, whole in extra."),
        comment("VIEW api.instances", "The servers, as their collectors last described them."),
        comment("VIEW api.collectors", "The collectors, by their last heartbeat."),
        comment("VIEW api.statement_texts", "Normalised and redacted statement texts by name."),
        comment("VIEW api.statement_names", "What a server calls a statement, and its name."),
        comment("VIEW api.findings", "What the analyzer found, by identity, as it stands now."),
        comment("VIEW api.alerts", "Every alert that ever was, as it stands now."),
        comment("VIEW api.alert_events", "Every change of an alert's state and every delivery."),
        comment(
            "VIEW api.gaps",
            "What is missing: sequence numbers of a stream that never came, or offsets that were gone before they were "
                + "read. A sample stream's key is the instance; nothing of it is known in (after_time, before_time)."),
        comment(
            "VIEW api.dead_letters", "Messages that the writer could not use; their bytes are on a topic of their own."),
        comment("VIEW api.freshness", "Until when data of each server is stored, and how old that is."),
        comment("VIEW api.ingest", "The next offset to read of every partition, and when it last moved."),
    ]

    private static func comment(_ object: String, _ words: String) -> String {
        "COMMENT ON \(object) IS \(PostgresConnection.quoted(literal: words));"
    }
}
