import Offsets
import Postgres

/// The schema `alerter`: the alerter's own, nobody else reads it.
enum AlerterSchema {
    static let name = "alerter"
    static let role = "pganalytics_alerter"

    static let migrator = Migrator(schema: name, migrations: [first])

    private static let comments: [(Journal.Kind, String)] = [
        (.alerts, "Alerts that are pending or fire."), (.instances, "Servers that are watched."),
        (.findings, "Findings that are open, or were until a moment ago."),
        (.conversations, "Alerts that receivers were told of and that are not over."),
        (.deliveries, "Messages to receivers that are not delivered yet."),
        (.events, "Alert events that Kafka has not acknowledged yet."),
    ]

    private static let first = Migration(
        version: 1, name: "alerts, deliveries, events, ledger and offsets",
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

            """
                + comments.map { kind, comment in
                    """
                    CREATE TABLE \(name).\(kind.rawValue) (
                        id bigint GENERATED ALWAYS AS IDENTITY,
                        key text PRIMARY KEY,
                        partition integer NOT NULL,
                        value jsonb NOT NULL,
                        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
                    ) WITH (fillfactor = 70);
                    CREATE INDEX ON \(name).\(kind.rawValue) (partition);
                    COMMENT ON TABLE \(name).\(kind.rawValue) IS '\(comment)';

                    """
                }.joined()
                    + """
                    GRANT USAGE ON SCHEMA \(name) TO \(role);
                    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(name) TO \(role);
                    GRANT USAGE ON ALL SEQUENCES IN SCHEMA \(name) TO \(role);
                    """,
        down: comments.map { "DROP TABLE \(name).\($0.0.rawValue);\n" }.joined()
            + """
            DROP TABLE \(name).ledger;
            \(OffsetTable.downSQL(schema: name))
            REVOKE ALL ON ALL TABLES IN SCHEMA \(name) FROM \(role);
            REVOKE USAGE ON SCHEMA \(name) FROM \(role);
            """)

    /// What a missing schema means, in words; any other error as it is.
    static func explained(_ error: any Error) -> String {
        guard let error = error as? PostgresError, ["42P01", "3F000", "42703"].contains(error.sqlState ?? "") else {
            return "\(error)"
        }
        return "the schema '\(name)' is not there or too old (\(error.message)): run pganalytics-alerter migrate up"
    }
}
