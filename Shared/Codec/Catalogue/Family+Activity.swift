extension Family {
    /// What the backends are doing, counted by what they have in common.
    public static let activity = Family(
        name: "activity", kind: .gauge, intervalSeconds: 10,
        description: "What the backends are doing, from pg_stat_activity, counted by what they have in common.",
        columns: [
            .label("database", prometheus: "datname", "The database; null for what belongs to none."),
            .label("username", prometheus: "usename", "The role; null for background processes."),
            .label("state", prometheus: "state", "As pg_stat_activity says it: active, idle in transaction, …"),
            .label(
                "wait_event_type", prometheus: "wait_event_type", "The kind of what is waited for; null when running."),
            .label("wait_event", prometheus: "wait_event", "What is waited for; null when running."),
            .label("backend_type", prometheus: "backend_type", since: 100_000, "client backend, autovacuum worker, …"),
            .gauge("count", .count, prometheus: "pg_stat_activity_count", "How many there are."),
            .gauge(
                "longest_query", .microseconds, prometheus: "pg_stat_activity_max_query_duration", scale: 1e-6,
                "How long the longest running statement of them runs."),
            .gauge(
                "longest_transaction", .microseconds, prometheus: "pg_stat_activity_max_tx_duration", scale: 1e-6,
                "How long the oldest transaction of them is open."),
            .gauge(
                "longest_state", .microseconds, prometheus: "pg_stat_activity_max_state_duration", scale: 1e-6,
                "How long the one that changed its state last has been in it: the longest of them."),
        ])
}
