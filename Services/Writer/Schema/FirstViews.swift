/// The views that API, Grafana and people read. They run with the writer's rights, so that a reader needs nothing else.
enum FirstViews {
    private static let others = [
        "instances", "collectors", "statement_texts", "statement_names", "findings", "alerts", "alert_events", "gaps",
        "dead_letters", "freshness", "ingest", "other",
    ]
    static let names = FirstFamilies.all.map(\.name) + others

    static let up =
        (FirstFamilies.all.map(family) + [entities, ledger] + names.map(rights)).joined(separator: "\n")

    static let down = names.map { "DROP VIEW api.\"\($0)\";" }.joined(separator: "\n")

    private static func family(_ family: FrozenFamily) -> String {
        var columns = family.viewColumns
        var join = ""
        if family.name == "statements" {
            // A row carries the server's queryid always, and the name once it was known: no row waits for a text.
            columns = columns.replacing("t.\"name\"", with: "coalesce(t.name, n.name) AS name")
            join = "LEFT JOIN metrics.statement_names n ON n.instance = t.instance AND n.queryid = t.queryid"
        }
        return """
            CREATE VIEW api."\(family.name)" AS
            SELECT i.instance, t."time", t.interval_us\(columns), t.quality, t.extra
            FROM metrics."\(family.name)" t JOIN metrics.instances i ON i.id = t.instance \(join);
            """
    }

    private static func rights(_ view: String) -> String {
        """
        ALTER VIEW api."\(view)" OWNER TO pganalytics_writer;
        GRANT SELECT ON api."\(view)" TO pganalytics_reader;
        """
    }

    private static let entities = """
        CREATE VIEW api.other AS
        SELECT i.instance, t."time", t.interval_us, t.family, t.quality, t.extra
        FROM metrics.other t JOIN metrics.instances i ON i.id = t.instance;
        CREATE VIEW api.instances AS
        SELECT i.instance, i.host, i.port, i.system_identifier, i.timeline, i.server_version, i.collector, i.described_at,
               i.first_seen
        FROM metrics.instances i;
        CREATE VIEW api.collectors AS
        SELECT c.collector, c.version, c.hostname, c.pid, c.started_at, c."time", c.interval_us, c.cpu_us, c.rss_bytes,
               c.spool_bytes, c.spool_oldest_us, c.spool_dropped, c.sent, c.instances
        FROM metrics.collectors c;
        CREATE VIEW api.statement_texts AS
        SELECT t.name, t.text, t.full_length, t.parser, t.first_instance, t.queryid, t.seen_at
        FROM metrics.statement_texts t;
        CREATE VIEW api.statement_names AS
        SELECT i.instance, n.queryid, n.name
        FROM metrics.statement_names n JOIN metrics.instances i ON i.id = n.instance;
        CREATE VIEW api.findings AS
        SELECT f.identity, f.kind, f.instance, f.subject, f.state, f.opened_at, f."time", f.window_start, f.window_end,
               f.value, f.baseline, f.threshold, f.unit, f.samples, f.summary, f.evidence
        FROM metrics.findings f;
        CREATE VIEW api.alerts AS
        SELECT a.fingerprint, a.rule, a.instance, a.state, a."time", a.starts_at, a.ends_at, a.value, a.labels,
               a.annotations
        FROM metrics.alerts a;
        CREATE VIEW api.alert_events AS
        SELECT e.identity, e.fingerprint, e.rule, e.instance, e.kind, e.state, e."time", e.starts_at, e.ends_at, e.value,
               e.labels, e.annotations, e.receiver, e.delivery_status, e.attempt, e.http_status, e.detail
        FROM metrics.alert_events e;
        """

    private static let ledger = """
        CREATE VIEW api.gaps AS
        SELECT g.id, g.topic, g.partition, g.kind, g.producer, g.key, g.epoch, g.first_missing, g.last_missing,
               g.after_time, g.before_time, g.noted_at
        FROM ledger.gaps g;
        CREATE VIEW api.dead_letters AS
        SELECT d.topic, d.partition, d."offset", d.reason, d.detail, d.noted_at FROM ledger.dead_letters d;
        CREATE VIEW api.freshness AS
        SELECT s.key AS instance, max(s.last_time) AS data_through, max(s.updated_at) AS committed_at,
               greatest(extract(epoch FROM clock_timestamp() - max(s.last_time)), 0)::double precision AS age_seconds
        FROM ledger.streams s
        JOIN metrics.instances i ON i.instance = s.key
        WHERE s.topic LIKE '%samples'
        GROUP BY s.key;
        CREATE VIEW api.ingest AS
        SELECT o.cluster_id, o.topic, o.partition, o.next_offset, o.updated_at FROM ledger.offsets o;
        """
}
