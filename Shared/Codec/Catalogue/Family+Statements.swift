extension Family {
    /// What each statement cost since the last reading, from pg_stat_statements.
    ///
    /// Durations are doubles of milliseconds on the server that count whole nanoseconds, and travel as those. A mean is
    /// total ÷ calls. A standard deviation is of the interval's own executions (``Deviation``), and that of any window has
    /// the variance Σ calls × (deviation² + mean²) ÷ Σ calls − mean².
    ///
    /// What a row says of a lifetime (shortest, longest, since when) is sent when it changed and is 0 while it did not
    /// (``FamilyColumn/onChange``). The name comes with some rows only (``NameSchedule``): 64 random bits in every row
    /// would cost as much as everything that was measured, and the queryid already identifies it.
    public static let statements = Family(
        name: "statements", kind: .counter, intervalSeconds: 10,
        description: "What each statement cost since the last reading, from pg_stat_statements.",
        columns: [
            .label("database", prometheus: "datname", "The database it ran in."),
            .label("username", prometheus: "user", "Who ran it."),
            .label(
                "toplevel", .integer, unit: .boolean, prometheus: "toplevel", since: 140_000,
                "1 when it was sent by a client, 0 when it ran inside a function."),
            .label(
                "name", prometheus: "statement",
                "Its fingerprint: in the first row after it became known, and then once an hour; null in the others."),
            .label("ours", .integer, unit: .boolean, "1 when it is the collector's own."),
        ] + execution + planning + buffers + timing + wal + jit + parallel + since + [
            // Last, for what is alike is next to each other before it.
            .label("queryid", .integer, prometheus: "queryid", "What the server calls it.")
        ],
        sortedBy: "total_exec_time",
        // Of the orders that were tried, the one in which recorded tables were the smallest.
        groupedBy: [
            "shared_blks_written", "shared_blks_read", "wal_records", "min_exec_time", "shared_blks_dirtied",
            "max_exec_time", "rows",
        ])

    private static let execution: [FamilyColumn] = [
        .counter("calls", .count, prometheus: "pg_stat_statements_calls_total", "How often it was executed."),
        .counter(
            "rows", .rows, prometheus: "pg_stat_statements_rows_total", "Rows that it returned or changed."),
        .counter(
            "total_exec_time", .nanoseconds, prometheus: "pg_stat_statements_seconds_total", scale: 1e-9,
            "Time spent executing it."),
        .gauge(
            "stddev_exec_time", .nanoseconds, prometheus: "pg_stat_statements_execution_stddev_seconds", scale: 1e-9,
            "Standard deviation of the executions in the interval, to within 0.8 %; 0 for a single one."),
        .gauge(
            "min_exec_time", .nanoseconds, prometheus: "pg_stat_statements_execution_min_seconds", scale: 1e-9,
            onChange: true,
            "The shortest execution since the server's own reset; 0 while it stays what it was."),
        .gauge(
            "max_exec_time", .nanoseconds, prometheus: "pg_stat_statements_execution_max_seconds", scale: 1e-9,
            onChange: true,
            "The longest execution since the server's own reset; 0 while it stays what it was."),
    ]

    private static let planning: [FamilyColumn] = [
        .counter(
            "plans", .count, prometheus: "pg_stat_statements_plans_total", since: 130_000,
            "How often it was planned, when track_planning is on."),
        .counter(
            "total_plan_time", .nanoseconds, prometheus: "pg_stat_statements_plan_seconds_total", scale: 1e-9,
            since: 130_000, "Time spent planning it."),
        .gauge(
            "stddev_plan_time", .nanoseconds, prometheus: "pg_stat_statements_plan_stddev_seconds", scale: 1e-9,
            since: 130_000, "Standard deviation of the plannings in the interval, to within 0.8 %; 0 for a single one."),
        .gauge(
            "min_plan_time", .nanoseconds, prometheus: "pg_stat_statements_plan_min_seconds", scale: 1e-9,
            onChange: true,
            since: 130_000,
            "The shortest planning since the server's own reset; 0 while it stays what it was."),
        .gauge(
            "max_plan_time", .nanoseconds, prometheus: "pg_stat_statements_plan_max_seconds", scale: 1e-9,
            onChange: true,
            since: 130_000,
            "The longest planning since the server's own reset; 0 while it stays what it was."),
    ]

    private static let buffers: [FamilyColumn] = [
        .counter(
            "shared_blks_hit", .blocks, prometheus: "pg_stat_statements_shared_blocks_hit_total",
            "Shared blocks found in the cache."),
        .counter(
            "shared_blks_read", .blocks, prometheus: "pg_stat_statements_shared_blocks_read_total",
            "Shared blocks read."),
        .counter(
            "shared_blks_dirtied", .blocks, prometheus: "pg_stat_statements_shared_blocks_dirtied_total",
            "Shared blocks made dirty."),
        .counter(
            "shared_blks_written", .blocks, prometheus: "pg_stat_statements_shared_blocks_written_total",
            "Shared blocks that it had to write itself."),
        .counter(
            "local_blks_hit", .blocks, prometheus: "pg_stat_statements_local_blocks_hit_total",
            "Blocks of temporary tables found in the cache."),
        .counter(
            "local_blks_read", .blocks, prometheus: "pg_stat_statements_local_blocks_read_total",
            "Blocks of temporary tables read."),
        .counter(
            "local_blks_dirtied", .blocks, prometheus: "pg_stat_statements_local_blocks_dirtied_total",
            "Blocks of temporary tables made dirty."),
        .counter(
            "local_blks_written", .blocks, prometheus: "pg_stat_statements_local_blocks_written_total",
            "Blocks of temporary tables written."),
        .counter(
            "temp_blks_read", .blocks, prometheus: "pg_stat_statements_temp_blocks_read_total",
            "Blocks read of sorts and hashes that did not fit in memory."),
        .counter(
            "temp_blks_written", .blocks, prometheus: "pg_stat_statements_temp_blocks_written_total",
            "Blocks written of sorts and hashes that did not fit in memory."),
    ]

    private static let timing: [FamilyColumn] = [
        .counter(
            "shared_blk_read_time", .nanoseconds, prometheus: "pg_stat_statements_block_read_seconds_total",
            scale: 1e-9,
            "Time spent reading shared blocks, when track_io_timing is on; before 17, blk_read_time, which has local blocks in it."
        ),
        .counter(
            "shared_blk_write_time", .nanoseconds, prometheus: "pg_stat_statements_block_write_seconds_total",
            scale: 1e-9,
            "Time spent writing shared blocks, when track_io_timing is on; before 17, blk_write_time, which has local blocks in it."
        ),
        .counter(
            "local_blk_read_time", .nanoseconds, prometheus: "pg_stat_statements_local_block_read_seconds_total",
            scale: 1e-9, since: 170_000, "Time spent reading blocks of temporary tables."),
        .counter(
            "local_blk_write_time", .nanoseconds, prometheus: "pg_stat_statements_local_block_write_seconds_total",
            scale: 1e-9, since: 170_000, "Time spent writing blocks of temporary tables."),
        .counter(
            "temp_blk_read_time", .nanoseconds, prometheus: "pg_stat_statements_temp_block_read_seconds_total",
            scale: 1e-9, since: 150_000, "Time spent reading temporary files."),
        .counter(
            "temp_blk_write_time", .nanoseconds, prometheus: "pg_stat_statements_temp_block_write_seconds_total",
            scale: 1e-9, since: 150_000, "Time spent writing temporary files."),
    ]

    private static let wal: [FamilyColumn] = [
        .counter(
            "wal_records", .count, prometheus: "pg_stat_statements_wal_records_total", since: 130_000,
            "Records written to the log."),
        .counter(
            "wal_fpi", .count, prometheus: "pg_stat_statements_wal_full_page_images_total", since: 130_000,
            "Full pages written to the log."),
        .counter(
            "wal_bytes", .bytes, prometheus: "pg_stat_statements_wal_bytes_total", since: 130_000,
            "Bytes written to the log."),
        .counter(
            "wal_buffers_full", .count, prometheus: "pg_stat_statements_wal_buffers_full_total", since: 180_000,
            "How often the log's buffers were full."),
    ]

    private static let jit: [FamilyColumn] = [
        .counter(
            "jit_functions", .count, prometheus: "pg_stat_statements_jit_functions_total", since: 150_000,
            "Functions compiled."),
        .counter(
            "jit_generation_time", .nanoseconds, prometheus: "pg_stat_statements_jit_generation_seconds_total",
            scale: 1e-9, since: 150_000, "Time spent generating code."),
        .counter(
            "jit_inlining_count", .count, prometheus: "pg_stat_statements_jit_inlining_total", since: 150_000,
            "How often functions were inlined."),
        .counter(
            "jit_inlining_time", .nanoseconds, prometheus: "pg_stat_statements_jit_inlining_seconds_total",
            scale: 1e-9, since: 150_000, "Time spent inlining."),
        .counter(
            "jit_optimization_count", .count, prometheus: "pg_stat_statements_jit_optimization_total",
            since: 150_000, "How often code was optimised."),
        .counter(
            "jit_optimization_time", .nanoseconds, prometheus: "pg_stat_statements_jit_optimization_seconds_total",
            scale: 1e-9, since: 150_000, "Time spent optimising."),
        .counter(
            "jit_emission_count", .count, prometheus: "pg_stat_statements_jit_emission_total", since: 150_000,
            "How often code was emitted."),
        .counter(
            "jit_emission_time", .nanoseconds, prometheus: "pg_stat_statements_jit_emission_seconds_total",
            scale: 1e-9, since: 150_000, "Time spent emitting code."),
        .counter(
            "jit_deform_count", .count, prometheus: "pg_stat_statements_jit_deform_total", since: 170_000,
            "Functions compiled that take tuples apart."),
        .counter(
            "jit_deform_time", .nanoseconds, prometheus: "pg_stat_statements_jit_deform_seconds_total",
            scale: 1e-9, since: 170_000, "Time spent compiling those."),
    ]

    private static let parallel: [FamilyColumn] = [
        .counter(
            "parallel_workers_to_launch", .count,
            prometheus: "pg_stat_statements_parallel_workers_planned_total", since: 180_000,
            "Parallel workers that its plans asked for."),
        .counter(
            "parallel_workers_launched", .count,
            prometheus: "pg_stat_statements_parallel_workers_launched_total", since: 180_000,
            "Parallel workers that it got."),
    ]

    private static let since: [FamilyColumn] = [
        .gauge(
            "stats_since", .unixMicroseconds, prometheus: "pg_stat_statements_since_timestamp_seconds",
            scale: 1e-6, onChange: true, since: 170_000,
            "Since when the server counts this statement; 0 while it stays what it was."),
        .gauge(
            "minmax_stats_since", .unixMicroseconds,
            prometheus: "pg_stat_statements_minmax_since_timestamp_seconds", scale: 1e-6, onChange: true,
            since: 170_000,
            "Since when the server keeps its shortest and longest; 0 while it stays what it was."),
    ]
}
