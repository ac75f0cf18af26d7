/// What samples are about, and what was made of them: instances, collectors, statements, findings, alerts.
enum FirstEntities {
    private static let tables = [
        "instances", "collectors", "statement_texts", "statement_names", "findings", "alerts", "alert_events",
    ]

    static let up =
        """
        CREATE TABLE metrics.instances (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            instance text NOT NULL UNIQUE,
            host text,
            port integer,
            system_identifier text,
            timeline bigint,
            server_version text,
            collector text,
            described_at timestamptz,
            first_seen timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE TABLE metrics.collectors (
            collector text PRIMARY KEY,
            version text NOT NULL,
            hostname text NOT NULL,
            pid integer NOT NULL,
            started_at timestamptz,
            "time" timestamptz NOT NULL,
            interval_us bigint NOT NULL,
            cpu_us bigint NOT NULL,
            rss_bytes bigint NOT NULL,
            spool_bytes bigint NOT NULL,
            spool_oldest_us bigint NOT NULL,
            spool_dropped bigint NOT NULL,
            sent bigint NOT NULL,
            instances jsonb NOT NULL
        ) WITH (fillfactor = 50);
        CREATE TABLE metrics.statement_texts (
            name text PRIMARY KEY,
            text text NOT NULL,
            full_length bigint NOT NULL,
            parser text NOT NULL,
            first_instance text NOT NULL,
            queryid bigint NOT NULL,
            seen_at timestamptz NOT NULL
        );
        CREATE TABLE metrics.statement_names (
            instance integer NOT NULL REFERENCES metrics.instances,
            queryid bigint NOT NULL,
            name text NOT NULL,
            PRIMARY KEY (instance, queryid)
        );
        CREATE INDEX ON metrics.statement_names (name);
        CREATE TABLE metrics.findings (
            identity text PRIMARY KEY,
            kind text NOT NULL,
            instance text NOT NULL,
            subject text NOT NULL,
            state text NOT NULL,
            opened_at timestamptz NOT NULL,
            "time" timestamptz NOT NULL,
            window_start timestamptz,
            window_end timestamptz,
            value double precision NOT NULL,
            baseline double precision NOT NULL,
            threshold double precision NOT NULL,
            unit text NOT NULL,
            samples bigint NOT NULL,
            summary text NOT NULL,
            evidence jsonb NOT NULL
        );
        CREATE INDEX ON metrics.findings (instance, "time");
        CREATE INDEX ON metrics.findings ("time");
        CREATE TABLE metrics.alerts (
            fingerprint text PRIMARY KEY,
            rule text NOT NULL,
            instance text NOT NULL,
            state text NOT NULL,
            "time" timestamptz NOT NULL,
            starts_at timestamptz,
            ends_at timestamptz,
            value double precision NOT NULL,
            labels jsonb NOT NULL,
            annotations jsonb NOT NULL
        );
        CREATE TABLE metrics.alert_events (
            identity text PRIMARY KEY,
            fingerprint text NOT NULL,
            rule text NOT NULL,
            instance text NOT NULL,
            kind text NOT NULL,
            state text NOT NULL,
            "time" timestamptz NOT NULL,
            starts_at timestamptz,
            ends_at timestamptz,
            value double precision NOT NULL,
            labels jsonb NOT NULL,
            annotations jsonb NOT NULL,
            receiver text,
            delivery_status text,
            attempt integer,
            http_status integer,
            detail text
        );
        CREATE INDEX ON metrics.alert_events (fingerprint, "time");
        CREATE INDEX ON metrics.alert_events ("time");

        """ + tables.map { "ALTER TABLE metrics.\($0) OWNER TO pganalytics_writer;" }.joined(separator: "\n")

    static let down = tables.reversed().map { "DROP TABLE metrics.\($0);" }.joined(separator: "\n")
}
