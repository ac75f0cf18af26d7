/// The statements of a batch's transaction. Times come as microseconds since 1970, in JSON as well as in arrays.
enum IngestSQL {
    private static func at(_ column: String) -> String {
        "'epoch'::timestamptz + \(column) * '1 microsecond'::interval"
    }

    static let instances = """
        INSERT INTO metrics.instances (instance) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
        """
    static let instanceIDs = "SELECT instance, id FROM metrics.instances WHERE instance = ANY ($1::text[])"

    static let facts = """
        UPDATE metrics.instances i SET host = f.host, port = f.port, system_identifier = f.system_identifier,
            timeline = f.timeline, server_version = f.server_version, collector = f.collector,
            described_at = clock_timestamp()
        FROM jsonb_to_recordset($1) AS f (instance text, host text, port integer, system_identifier text,
            timeline bigint, server_version text, collector text)
        WHERE i.instance = f.instance
        """

    static let texts = """
        INSERT INTO metrics.statement_texts AS t (name, text, full_length, parser, first_instance, queryid, seen_at)
        SELECT name, text, full_length, parser, first_instance, queryid, \(at("seen_at"))
        FROM jsonb_to_recordset($1) AS s (name text, text text, full_length bigint, parser text, first_instance text,
            queryid bigint, seen_at bigint)
        ON CONFLICT (name) DO UPDATE SET text = excluded.text, full_length = excluded.full_length,
            parser = excluded.parser
        WHERE excluded.seen_at > t.seen_at AND excluded.text <> t.text
        """

    static let names = """
        INSERT INTO metrics.statement_names AS n (instance, queryid, name)
        SELECT instance::integer, queryid, name FROM unnest($1::bigint[], $2::bigint[], $3::text[])
            AS s (instance, queryid, name)
        ON CONFLICT (instance, queryid) DO UPDATE SET name = excluded.name WHERE n.name <> excluded.name
        """

    /// The last one that comes is the newest, for they come in sequence; a host's clock may be set back.
    static let collectors = """
        INSERT INTO metrics.collectors (collector, version, hostname, pid, started_at, "time", interval_us, cpu_us,
            rss_bytes, spool_bytes, spool_oldest_us, spool_dropped, sent, instances)
        SELECT collector, version, hostname, pid, \(at("started_at")), \(at("\"time\"")), interval_us, cpu_us, rss_bytes,
            spool_bytes, spool_oldest_us, spool_dropped, sent, instances
        FROM jsonb_to_recordset($1) AS s (collector text, version text, hostname text, pid integer, started_at bigint,
            "time" bigint, interval_us bigint, cpu_us bigint, rss_bytes bigint, spool_bytes bigint,
            spool_oldest_us bigint, spool_dropped bigint, sent bigint, instances jsonb)
        ON CONFLICT (collector) DO UPDATE SET version = excluded.version, hostname = excluded.hostname,
            pid = excluded.pid, started_at = excluded.started_at, "time" = excluded."time",
            interval_us = excluded.interval_us, cpu_us = excluded.cpu_us, rss_bytes = excluded.rss_bytes,
            spool_bytes = excluded.spool_bytes, spool_oldest_us = excluded.spool_oldest_us,
            spool_dropped = excluded.spool_dropped, sent = excluded.sent, instances = excluded.instances
        """

    /// A finding that is resolved stays so, and resolves also by a server's clock that was set back meanwhile.
    static let findings = """
        INSERT INTO metrics.findings AS f (identity, kind, instance, subject, state, opened_at, "time", window_start,
            window_end, value, baseline, threshold, unit, samples, summary, evidence)
        SELECT identity, kind, instance, subject, state, \(at("opened_at")), \(at("\"time\"")), \(at("window_start")),
            \(at("window_end")), value, baseline, threshold, unit, samples, summary, evidence
        FROM jsonb_to_recordset($1) AS s (identity text, kind text, instance text, subject text, state text,
            opened_at bigint, "time" bigint, window_start bigint, window_end bigint, value double precision,
            baseline double precision, threshold double precision, unit text, samples bigint, summary text,
            evidence jsonb)
        ON CONFLICT (identity) DO UPDATE SET state = excluded.state, "time" = excluded."time",
            window_start = excluded.window_start, window_end = excluded.window_end, value = excluded.value,
            baseline = excluded.baseline, threshold = excluded.threshold, unit = excluded.unit,
            samples = excluded.samples, summary = excluded.summary, evidence = excluded.evidence
        WHERE f.state <> 'resolved' AND (excluded.state = 'resolved' OR excluded."time" >= f."time")
        """

    /// An alert is what its last change made it, in the order of the topic: the times are the server's, and its clock may be
    /// set back. A change that is stored already comes a second time. Before `events`, of the same rows.
    static let alerts = """
        INSERT INTO metrics.alerts AS a (fingerprint, rule, instance, state, "time", starts_at, ends_at, value, labels,
            annotations)
        SELECT DISTINCT ON (fingerprint) fingerprint, rule, instance, state, \(at("\"time\"")), \(at("starts_at")),
            \(at("ends_at")), value, labels, annotations
        FROM jsonb_to_recordset($1) AS s (identity text, place bigint, fingerprint text, rule text, instance text,
            kind text, state text, "time" bigint, starts_at bigint, ends_at bigint, value double precision, labels jsonb,
            annotations jsonb)
        WHERE kind = 'state_change'
            AND NOT EXISTS (SELECT FROM metrics.alert_events e WHERE e.identity = s.identity)
        ORDER BY fingerprint, place DESC
        ON CONFLICT (fingerprint) DO UPDATE SET state = excluded.state, "time" = excluded."time",
            starts_at = excluded.starts_at, ends_at = excluded.ends_at, value = excluded.value,
            labels = excluded.labels, annotations = excluded.annotations
        """

    static let events = """
        INSERT INTO metrics.alert_events (identity, fingerprint, rule, instance, kind, state, "time", starts_at, ends_at,
            value, labels, annotations, receiver, delivery_status, attempt, http_status, detail)
        SELECT identity, fingerprint, rule, instance, kind, state, \(at("\"time\"")), \(at("starts_at")), \(at("ends_at")),
            value, labels, annotations, receiver, delivery_status, attempt, http_status, detail
        FROM jsonb_to_recordset($1) AS s (identity text, fingerprint text, rule text, instance text, kind text,
            state text, "time" bigint, starts_at bigint, ends_at bigint, value double precision, labels jsonb,
            annotations jsonb, receiver text, delivery_status text, attempt integer, http_status integer, detail text)
        ON CONFLICT (identity) DO NOTHING
        """

    static let streams = """
        INSERT INTO ledger.streams (cluster_id, topic, partition, producer, key, epoch, last_sequence, last_time)
        SELECT $1, topic, partition::integer, producer, key, epoch, sequence, \(at("last_time"))
        FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
            AS s (topic, partition, producer, key, epoch, sequence, last_time)
        ON CONFLICT (cluster_id, topic, partition, producer, key, epoch) DO UPDATE SET
            last_sequence = excluded.last_sequence, last_time = excluded.last_time, updated_at = clock_timestamp()
        """
    /// Forgets the oldest epochs of streams in which one began.
    static let oldStreams = """
        DELETE FROM ledger.streams s USING (
            SELECT o.topic, o.partition, o.producer, o.key, o.epoch, row_number() OVER (
                PARTITION BY o.topic, o.partition, o.producer, o.key ORDER BY o.last_time DESC, o.updated_at DESC) AS place
            FROM ledger.streams o
            WHERE o.cluster_id = $1 AND (o.topic, o.partition, o.producer, o.key) IN (
                SELECT * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[]))
        ) AS known
        WHERE known.place > $6 AND s.cluster_id = $1 AND s.topic = known.topic AND s.partition = known.partition
          AND s.producer = known.producer AND s.key = known.key AND s.epoch = known.epoch
        """
    static let loadStreams = """
        SELECT s.topic, s.partition, s.producer, s.key, s.epoch, s.last_sequence,
               (extract(epoch FROM s.last_time) * 1000000)::bigint
        FROM ledger.streams s JOIN unnest($2::text[], $3::bigint[]) AS w (topic, partition)
            ON s.topic = w.topic AND s.partition = w.partition
        WHERE s.cluster_id = $1
        """

    static let gaps = """
        INSERT INTO ledger.gaps (cluster_id, topic, partition, kind, producer, key, epoch, first_missing, last_missing,
            after_time, before_time)
        SELECT $1, topic, partition, kind, producer, key, epoch, first_missing, last_missing, \(at("after_time")),
            \(at("before_time"))
        FROM jsonb_to_recordset($2) AS g (topic text, partition integer, kind text, producer text, key text, epoch text,
            first_missing bigint, last_missing bigint, after_time bigint, before_time bigint)
        """

    static let deadLetters = """
        INSERT INTO ledger.dead_letters (cluster_id, topic, partition, "offset", reason, detail)
        SELECT $1, topic, partition, "offset", reason, detail
        FROM jsonb_to_recordset($2) AS d (topic text, partition integer, "offset" bigint, reason text, detail text)
        ON CONFLICT DO NOTHING
        """
}
