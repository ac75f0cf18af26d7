import Postgres

/// The API's own schema: users and the audit log. Nobody else reads it.
enum AccountsSchema {
    static let migrator = Migrator(schema: "accounts", migrations: [first])

    /// Whoever runs it may be a superuser or the API's own role: both end up with a role that reads `api`, writes users,
    /// and can only add to the audit log.
    private static let first = Migration(
        version: 1, name: "users and audit",
        up: """
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pganalytics_reader') THEN
                    CREATE ROLE pganalytics_reader NOLOGIN;
                END IF;
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pganalytics_api') THEN
                    CREATE ROLE pganalytics_api NOLOGIN;
                END IF;
                IF NOT pg_has_role('pganalytics_api', 'pganalytics_reader', 'MEMBER') THEN
                    GRANT pganalytics_reader TO pganalytics_api;
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$;
            CREATE TABLE accounts.users (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                name text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._@-]{1,64}$'),
                role text NOT NULL CHECK (role IN ('admin', 'user', 'viewer')),
                password_hash text NOT NULL CHECK (password_hash LIKE '$2_$%'),
                disabled boolean NOT NULL DEFAULT false,
                token_version bigint NOT NULL DEFAULT 1,
                created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
            );
            COMMENT ON TABLE accounts.users IS 'Who may sign in; passwords as bcrypt.';
            COMMENT ON COLUMN accounts.users.token_version IS 'Tokens that carry another number are refused.';
            CREATE TABLE accounts.audit (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                at timestamptz NOT NULL DEFAULT clock_timestamp(),
                action text NOT NULL,
                actor text NOT NULL,
                subject text NOT NULL,
                succeeded boolean NOT NULL,
                remote_address text,
                request_id text,
                detail text
            );
            CREATE INDEX ON accounts.audit (at);
            COMMENT ON TABLE accounts.audit IS 'Who did what, and who tried: rows are only ever added.';
            CREATE FUNCTION accounts.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $f$
            BEGIN
                RAISE EXCEPTION 'accounts.audit is only ever added to' USING ERRCODE = 'insufficient_privilege';
            END $f$;
            CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts.audit
                FOR EACH STATEMENT EXECUTE FUNCTION accounts.refuse_change();
            DO $$ BEGIN
                IF current_user <> 'pganalytics_api' THEN
                    GRANT USAGE ON SCHEMA accounts TO pganalytics_api;
                    GRANT SELECT ON accounts.schema_migrations TO pganalytics_api;
                    GRANT SELECT, INSERT, UPDATE ON accounts.users TO pganalytics_api;
                    GRANT SELECT, INSERT ON accounts.audit TO pganalytics_api;
                END IF;
            END $$;
            """,
        down: """
            DROP TABLE accounts.audit;
            DROP FUNCTION accounts.refuse_change();
            DROP TABLE accounts.users;
            """)
}
