import Offsets

/// What was consumed: the offsets, the last sequence of every stream, the holes, and what could not be used.
enum FirstLedger {
    static let up =
        OffsetTable.migrationSQL(schema: "ledger") + """

            CREATE TABLE ledger.streams (
                cluster_id text NOT NULL,
                topic text NOT NULL,
                partition integer NOT NULL,
                producer text NOT NULL,
                key text NOT NULL,
                epoch text NOT NULL,
                last_sequence bigint NOT NULL,
                last_time timestamptz NOT NULL,
                updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (cluster_id, topic, partition, producer, key, epoch)
            ) WITH (fillfactor = 50);
            COMMENT ON TABLE ledger.streams IS
                'The last sequence number of each stream: what is not newer is a duplicate.';
            CREATE TABLE ledger.gaps (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                cluster_id text NOT NULL,
                topic text NOT NULL,
                partition integer NOT NULL,
                kind text NOT NULL CHECK (kind IN ('sequence', 'offset')),
                producer text,
                key text,
                epoch text,
                first_missing bigint NOT NULL,
                last_missing bigint NOT NULL,
                after_time timestamptz,
                before_time timestamptz,
                noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
            );
            CREATE INDEX ON ledger.gaps (key, before_time);
            CREATE TABLE ledger.dead_letters (
                cluster_id text NOT NULL,
                topic text NOT NULL,
                partition integer NOT NULL,
                "offset" bigint NOT NULL,
                reason text NOT NULL,
                detail text NOT NULL,
                noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (cluster_id, topic, partition, "offset")
            );
            ALTER TABLE ledger.offsets OWNER TO pganalytics_writer;
            ALTER TABLE ledger.streams OWNER TO pganalytics_writer;
            ALTER TABLE ledger.gaps OWNER TO pganalytics_writer;
            ALTER TABLE ledger.dead_letters OWNER TO pganalytics_writer;
            """
    static let down =
        """
        DROP TABLE ledger.dead_letters;
        DROP TABLE ledger.gaps;
        DROP TABLE ledger.streams;

        """ + OffsetTable.downSQL(schema: "ledger")
}
