/// Roles and schemas: one role a service, and one that only reads `api`. They cannot log in until the operator says so.
enum FirstRoles {
    static let roles = [
        "pganalytics_writer", "pganalytics_analyzer", "pganalytics_alerter", "pganalytics_api", "pganalytics_reader",
    ]

    static let up =
        roles.map(create).joined(separator: "\n") + """

            -- Whoever migrates must be able to hand tables to the writer; a superuser is, others have to be members.
            DO $$ BEGIN
                IF NOT pg_has_role(current_user, 'pganalytics_writer', 'MEMBER') THEN
                    EXECUTE format('GRANT pganalytics_writer TO %I', current_user);
                END IF;
            END $$;
            DO $$ BEGIN
                EXECUTE format('GRANT CREATE ON DATABASE %I TO pganalytics_analyzer, pganalytics_alerter, pganalytics_api',
                    current_database());
            END $$;
            CREATE SCHEMA metrics;
            CREATE SCHEMA api;
            ALTER SCHEMA metrics OWNER TO pganalytics_writer;
            GRANT USAGE, CREATE ON SCHEMA ledger TO pganalytics_writer;
            GRANT SELECT ON ledger.schema_migrations TO pganalytics_writer;
            GRANT CREATE, USAGE ON SCHEMA api TO pganalytics_writer;
            GRANT USAGE ON SCHEMA api TO pganalytics_reader;
            GRANT pganalytics_reader TO pganalytics_api;
            COMMENT ON SCHEMA metrics IS 'pgAnalytics: samples and what belongs to them; private to the writer.';
            COMMENT ON SCHEMA ledger IS 'pgAnalytics: what was consumed, and what is missing; private to the writer.';
            COMMENT ON SCHEMA api IS 'pgAnalytics: the views to read. Everything else is private to its owner.';
            """

    static let down =
        """
        DROP SCHEMA api;
        DROP SCHEMA metrics;
        REVOKE ALL ON ledger.schema_migrations FROM pganalytics_writer;
        REVOKE ALL ON SCHEMA ledger FROM pganalytics_writer;
        DO $$ BEGIN
            EXECUTE format('REVOKE CREATE ON DATABASE %I FROM pganalytics_analyzer, pganalytics_alerter, pganalytics_api',
                current_database());
        END $$;

        """ + roles.reversed().map(drop).joined(separator: "\n")

    /// Roles belong to the whole cluster: another database's migration may be making the same ones now.
    private static func create(_ role: String) -> String {
        """
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '\(role)') THEN CREATE ROLE \(role) NOLOGIN; END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$;
        """
    }

    /// A role that still owns something elsewhere, or that somebody else is dropping, stays.
    private static func drop(_ role: String) -> String {
        """
        DO $$ BEGIN
            DROP ROLE IF EXISTS \(role);
        EXCEPTION WHEN dependent_objects_still_exist OR object_in_use OR insufficient_privilege
            OR undefined_object OR internal_error THEN NULL;
        END $$;
        """
    }
}
