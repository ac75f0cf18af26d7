extension Family {
    /// What came of each cycle: sent also when the server did not answer.
    public static let cycle = Family(
        name: "cycle", kind: .gauge, intervalSeconds: 10,
        description:
            "What came of each cycle, by the collector's clock: whether the server answered, what it is, what the cycle cost.",
        columns: [
            .label("outcome", prometheus: "outcome", "ok, or the code of what went wrong."),
            .label("message", "What went wrong, in words."),
            .label("server_version", "As the server says it."),
            .label("system_identifier", "Which cluster it is: a change says that another answered."),
            .label("timeline", .integer, "Its timeline: a change says that a standby was promoted."),
            .label("hostname", "Where it was reached."),
            .label("port", .integer, "At which port."),
            .gauge("up", .boolean, prometheus: "pg_up", "1 when the server answered."),
            .gauge(
                "duration", .microseconds, prometheus: "pg_cycle_duration_seconds", scale: 1e-6,
                "How long the cycle took."),
            .gauge("backends", .count, prometheus: "pg_cycle_backends", "Connections that the collector holds to it."),
            .gauge("in_recovery", .boolean, prometheus: "pg_replication_is_replica", "1 on a standby."),
            .gauge(
                "server_start", .unixMicroseconds, prometheus: "pg_postmaster_start_time_seconds", scale: 1e-6,
                "When the server started."),
            .gauge(
                "clock_offset", .microseconds, prometheus: "pg_cycle_clock_offset_seconds", scale: 1e-6,
                "The server's clock less the collector's."),
            .gauge(
                "next_interval", .microseconds, prometheus: "pg_cycle_next_interval_seconds", scale: 1e-6,
                "How long until the next cycle begins."),
        ])

    /// What came of each family in a cycle.
    public static let cycleFamily = Family(
        name: "cycle_family", kind: .gauge, intervalSeconds: 10,
        description: "What came of each family that a cycle asked for, and what it cost the server.",
        columns: [
            .label("family", prometheus: "family", "The family's name."),
            .label("outcome", prometheus: "outcome", "ok, or the code of what went wrong or why it was left out."),
            .label("message", "What went wrong, in words."),
            .gauge(
                "duration", .microseconds, prometheus: "pg_cycle_family_duration_seconds", scale: 1e-6,
                "From the first question until the table was made of the answers, by the collector's clock."),
            .gauge(
                "server_time", .microseconds, prometheus: "pg_cycle_family_server_seconds", scale: 1e-6,
                "Of it, how long the server's answers were waited for: from sending each statement to the last of its answer, the network included."
            ),
            .gauge("rows", .rows, prometheus: "pg_cycle_family_rows", "Rows sent on."),
            .gauge(
                "left_out", .rows, prometheus: "pg_cycle_family_left_out_rows",
                "Rows that were read and not sent, for nothing moved in them or there were too many."),
            .gauge(
                "bytes", .bytes, prometheus: "pg_cycle_family_bytes",
                "Bytes of the values in the server's answers, without the protocol's own."),
            .gauge(
                "interval", .microseconds, prometheus: "pg_cycle_family_interval_seconds", scale: 1e-6,
                "How often it is asked for now."),
        ])
}
