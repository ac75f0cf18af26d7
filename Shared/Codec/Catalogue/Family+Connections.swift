extension Family {
    /// How full the server is, in one row.
    public static let connections = Family(
        name: "connections", kind: .gauge, intervalSeconds: 10,
        description: "How many connections there are and may be, and what they wait for: one row.",
        columns: [
            .gauge("total", .count, prometheus: "pg_connections", "Client connections."),
            .gauge("max_connections", .count, prometheus: "pg_settings_max_connections", "How many there may be."),
            .gauge(
                "reserved", .count, prometheus: "pg_settings_reserved_connections_total",
                "How many of those are kept for superusers and reserved roles."),
            .gauge("active", .count, prometheus: "pg_connections_active", "Those that run a statement."),
            .gauge(
                "idle_in_transaction", .count, prometheus: "pg_connections_idle_in_transaction",
                "Those that hold a transaction open and do nothing."),
            .gauge("lock_waiters", .count, prometheus: "pg_lock_waiters", "Those that wait for a lock."),
            .gauge(
                "longest_lock_wait", .microseconds, prometheus: "pg_lock_wait_longest_seconds", scale: 1e-6,
                "How long the longest of them has waited; 0 when none does."),
            .gauge(
                "longest_transaction", .microseconds, prometheus: "pg_connections_longest_transaction_seconds",
                scale: 1e-6, "How long the oldest transaction is open; 0 when there is none."),
        ])
}
