extension Family {
    /// What was counted for each database.
    public static let database = Family(
        name: "database", kind: .counter, intervalSeconds: 10,
        description: "What was counted for each database since the last reading, from pg_stat_database.",
        columns: [
            .label("datname", prometheus: "datname", "The database; empty for what is shared by all."),
            .gauge("numbackends", .count, prometheus: "pg_stat_database_numbackends", "Backends connected to it."),
            .counter("xact_commit", .count, prometheus: "pg_stat_database_xact_commit", "Transactions committed."),
            .counter(
                "xact_rollback", .count, prometheus: "pg_stat_database_xact_rollback", "Transactions rolled back."),
            .counter("blks_read", .blocks, prometheus: "pg_stat_database_blks_read", "Blocks read."),
            .counter("blks_hit", .blocks, prometheus: "pg_stat_database_blks_hit", "Blocks found in the cache."),
            .counter(
                "tup_returned", .rows, prometheus: "pg_stat_database_tup_returned",
                "Live rows met by sequential scans, and index entries by index scans."),
            .counter(
                "tup_fetched", .rows, prometheus: "pg_stat_database_tup_fetched", "Live rows fetched by index scans."),
            .counter("tup_inserted", .rows, prometheus: "pg_stat_database_tup_inserted", "Rows inserted."),
            .counter("tup_updated", .rows, prometheus: "pg_stat_database_tup_updated", "Rows updated."),
            .counter("tup_deleted", .rows, prometheus: "pg_stat_database_tup_deleted", "Rows deleted."),
            .counter(
                "conflicts", .count, prometheus: "pg_stat_database_conflicts",
                "Statements cancelled by the recovery of a standby."),
            .counter("temp_files", .count, prometheus: "pg_stat_database_temp_files", "Temporary files made."),
            .counter("temp_bytes", .bytes, prometheus: "pg_stat_database_temp_bytes", "Bytes written to them."),
            .counter("deadlocks", .count, prometheus: "pg_stat_database_deadlocks", "Deadlocks."),
            .counter(
                "checksum_failures", .count, prometheus: "pg_stat_database_checksum_failures", since: 120_000,
                "Pages whose checksum was wrong."),
            .gauge(
                "checksum_last_failure", .unixMicroseconds,
                prometheus: "pg_stat_database_checksum_last_failure_timestamp_seconds", scale: 1e-6, since: 120_000,
                "When the last of them was found; null when none was."),
            .counter(
                "blk_read_time", .nanoseconds, prometheus: "pg_stat_database_blk_read_time", scale: 1e-6,
                "Time spent reading blocks, when track_io_timing is on. The series is in milliseconds."),
            .counter(
                "blk_write_time", .nanoseconds, prometheus: "pg_stat_database_blk_write_time", scale: 1e-6,
                "Time spent writing blocks, when track_io_timing is on. The series is in milliseconds."),
            .counter(
                "session_time", .nanoseconds, prometheus: "pg_stat_database_session_time_seconds_total",
                scale: 1e-9, since: 140_000, "Time that sessions lasted."),
            .counter(
                "active_time", .nanoseconds, prometheus: "pg_stat_database_active_time_seconds_total",
                scale: 1e-9, since: 140_000, "Time that sessions ran statements."),
            .counter(
                "idle_in_transaction_time", .nanoseconds,
                prometheus: "pg_stat_database_idle_in_transaction_time_seconds_total", scale: 1e-9, since: 140_000,
                "Time that sessions held a transaction open and did nothing."),
            .counter(
                "sessions", .count, prometheus: "pg_stat_database_sessions_total", since: 140_000, "Sessions begun."),
            .counter(
                "sessions_abandoned", .count, prometheus: "pg_stat_database_sessions_abandoned_total",
                since: 140_000, "Sessions whose client went away."),
            .counter(
                "sessions_fatal", .count, prometheus: "pg_stat_database_sessions_fatal_total", since: 140_000,
                "Sessions ended by an error."),
            .counter(
                "sessions_killed", .count, prometheus: "pg_stat_database_sessions_killed_total", since: 140_000,
                "Sessions ended by an operator."),
            .counter(
                "parallel_workers_to_launch", .count,
                prometheus: "pg_stat_database_parallel_workers_to_launch", since: 180_000,
                "Parallel workers that plans asked for."),
            .counter(
                "parallel_workers_launched", .count,
                prometheus: "pg_stat_database_parallel_workers_launched", since: 180_000,
                "Parallel workers that they got."),
            .gauge(
                "stats_reset", .unixMicroseconds, prometheus: "pg_stat_database_stats_reset", scale: 1e-6,
                "When the counters were last reset; null when they never were."),
        ])
}
