import Offsets
import Postgres

/// The schema `analyzer`: the analyzer's own, nobody else reads it.
enum AnalyzerSchema {
    static let name = "analyzer"
    static let role = "pganalytics_analyzer"

    static let migrator = Migrator(schema: name, migrations: [first])

    private static let first = Migration(
        version: 1, name: "baselines, ledger, offsets and outbox",
        up: """
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(role)') THEN CREATE ROLE \(role) NOLOGIN; END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$;
            \(OffsetTable.migrationSQL(schema: name))
            CREATE TABLE \(name).ledger (
                partition integer NOT NULL,
                stream text NOT NULL,
                epoch text NOT NULL,
                last_sequence numeric NOT NULL,
                updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (partition, stream, epoch)
            ) WITH (fillfactor = 50);
            COMMENT ON TABLE \(name).ledger IS 'The last message of each stream that was used.';
            CREATE TABLE \(name).baselines (
                instance text NOT NULL,
                database text NOT NULL,
                username text NOT NULL,
                queryid bigint NOT NULL,
                toplevel boolean NOT NULL,
                seen timestamptz NOT NULL,
                broken boolean NOT NULL,
                state bytea NOT NULL,
                updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (instance, queryid, database, username, toplevel)
            ) WITH (fillfactor = 50);
            COMMENT ON TABLE \(name).baselines IS
                'What each statement''s mean execution time is like: quantile sketches, in the analyzer''s own coding.';
            CREATE INDEX baselines_broken ON \(name).baselines (instance) WHERE broken;
            CREATE INDEX baselines_seen ON \(name).baselines (instance, seen);
            CREATE TABLE \(name).texts (
                name text PRIMARY KEY,
                text text NOT NULL
            );
            COMMENT ON TABLE \(name).texts IS 'The beginning of each statement''s text, for people who read findings.';
            CREATE TABLE \(name).outbox (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                message text NOT NULL UNIQUE,
                instance text NOT NULL,
                "time" bigint NOT NULL,
                payload bytea NOT NULL
            );
            COMMENT ON TABLE \(name).outbox IS 'Findings that Kafka has not acknowledged yet.';
            GRANT USAGE ON SCHEMA \(name) TO \(role);
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(name) TO \(role);
            GRANT USAGE ON ALL SEQUENCES IN SCHEMA \(name) TO \(role);
            """,
        down: """
            DROP TABLE \(name).outbox;
            DROP TABLE \(name).texts;
            DROP TABLE \(name).baselines;
            DROP TABLE \(name).ledger;
            \(OffsetTable.downSQL(schema: name))
            REVOKE ALL ON ALL TABLES IN SCHEMA \(name) FROM \(role);
            REVOKE USAGE ON SCHEMA \(name) FROM \(role);
            """)

    /// What a missing schema means, in words; any other error as it is.
    static func explained(_ error: any Error) -> any Error {
        guard let error = error as? PostgresError, ["42P01", "3F000", "42703"].contains(error.sqlState ?? "") else {
            return error
        }
        return AnalyzerError(
            "the schema '\(name)' is not there or too old (\(error.message)): run pganalytics-analyzer migrate up")
    }
}
