/// The first families' tables. Append-only: a later family or column comes with a migration of its own
/// (`ALTER TABLE metrics.<family> ADD COLUMN …`, and the view again with the column at its end).
enum FirstFamilies {
    static let all = [
        FrozenFamily(
            "cycle",
            """
            outcome:t message:t server_version:t system_identifier:t timeline:i hostname:t port:i up:i
            duration:i backends:i in_recovery:i server_start:i clock_offset:i next_interval:i
            """),
        FrozenFamily(
            "cycle_family",
            """
            family:t outcome:t message:t duration:i server_time:i rows:i left_out:i bytes:i interval:i
            """),
        FrozenFamily(
            "statements",
            """
            database:t username:t queryid:i toplevel:i name:t ours:i calls:i rows:i total_exec_time:i
            stddev_exec_time:i min_exec_time:c max_exec_time:c plans:i total_plan_time:i stddev_plan_time:i
            min_plan_time:c max_plan_time:c shared_blks_hit:i shared_blks_read:i shared_blks_dirtied:i
            shared_blks_written:i local_blks_hit:i local_blks_read:i local_blks_dirtied:i
            local_blks_written:i temp_blks_read:i temp_blks_written:i shared_blk_read_time:i
            shared_blk_write_time:i local_blk_read_time:i local_blk_write_time:i temp_blk_read_time:i
            temp_blk_write_time:i wal_records:i wal_fpi:i wal_bytes:i wal_buffers_full:i jit_functions:i
            jit_generation_time:i jit_inlining_count:i jit_inlining_time:i jit_optimization_count:i
            jit_optimization_time:i jit_emission_count:i jit_emission_time:i jit_deform_count:i
            jit_deform_time:i parallel_workers_to_launch:i parallel_workers_launched:i stats_since:c
            minmax_stats_since:c
            """),
        FrozenFamily(
            "activity",
            """
            database:t username:t state:t wait_event_type:t wait_event:t backend_type:t count:i
            longest_query:i longest_transaction:i longest_state:i
            """),
        FrozenFamily(
            "lock_waits",
            """
            pid:i blocker_pid:i database:t username:t lock_type:t mode:t relation:t blocker_state:t
            blocker_username:t queryid:i name:t blocker_queryid:i blocker_name:t waiting:i
            blocker_transaction:i
            """),
        FrozenFamily(
            "connections",
            """
            total:i max_connections:i reserved:i active:i idle_in_transaction:i lock_waiters:i
            longest_lock_wait:i longest_transaction:i
            """),
        FrozenFamily(
            "database",
            """
            datname:t numbackends:i xact_commit:i xact_rollback:i blks_read:i blks_hit:i tup_returned:i
            tup_fetched:i tup_inserted:i tup_updated:i tup_deleted:i conflicts:i temp_files:i temp_bytes:i
            deadlocks:i checksum_failures:i checksum_last_failure:i blk_read_time:i blk_write_time:i
            session_time:i active_time:i idle_in_transaction_time:i sessions:i sessions_abandoned:i
            sessions_fatal:i sessions_killed:i parallel_workers_to_launch:i parallel_workers_launched:i
            stats_reset:i
            """),
        FrozenFamily(
            "system",
            """
            cpu_user:i cpu_system:i cpu_idle:i cpu_iowait:i cpu_irq:i cpu_steal:i cpus:i load1:d load5:d
            load15:d procs_running:i procs_blocked:i memory_total:i memory_free:i memory_available:i
            memory_buffers:i memory_cached:i memory_dirty:i swap_total:i swap_free:i swap_in:i swap_out:i
            context_switches:i boot_time:i
            """),
        FrozenFamily(
            "system_disk",
            """
            device:t reads:i reads_merged:i read_bytes:i read_time:i writes:i writes_merged:i written_bytes:i
            write_time:i io_now:i io_time:i weighted_io_time:i
            """),
    ]

    static let up = all.map(table).joined(separator: "\n") + "\n" + other
    static let down =
        (all.map { "DROP TABLE metrics.\"\($0.name)\";" } + ["DROP TABLE metrics.other;"]).joined(separator: "\n")

    /// Partitioned by day; the partitions are made by the writer for the times that arrive. What a newer server or
    /// collector sends and the table has no column for is kept in `extra`.
    private static func table(_ family: FrozenFamily) -> String {
        let columns = family.columns.map { "    \"\($0.name)\" \($0.sqlType),\n" }.joined()
        return """
            CREATE TABLE metrics."\(family.name)" (
                "time" timestamptz NOT NULL,
                instance integer NOT NULL,
                interval_us bigint NOT NULL,
                quality smallint NOT NULL,
            \(columns)    extra jsonb
            ) PARTITION BY RANGE ("time");
            CREATE INDEX ON metrics."\(family.name)" (instance, "time");
            ALTER TABLE metrics."\(family.name)" OWNER TO pganalytics_writer;
            """
    }

    /// Rows of families that this release does not know: whole rows in `extra`.
    private static let other = """
        CREATE TABLE metrics.other (
            "time" timestamptz NOT NULL,
            instance integer NOT NULL,
            interval_us bigint NOT NULL,
            quality smallint NOT NULL,
            family text,
            extra jsonb
        ) PARTITION BY RANGE ("time");
        CREATE INDEX ON metrics.other (instance, family, "time");
        ALTER TABLE metrics.other OWNER TO pganalytics_writer;
        """
}
