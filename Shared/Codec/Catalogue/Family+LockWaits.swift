extension Family {
    /// Who waits for whom: a row for each pair.
    public static let lockWaits = Family(
        name: "lock_waits", kind: .gauge, intervalSeconds: 10,
        description: "Who waits for a lock and who holds it: a row for each pair of waiter and blocker.",
        columns: [
            .label("pid", .integer, prometheus: "pid", "The backend that waits."),
            .label("blocker_pid", .integer, prometheus: "blocker_pid", "The backend that it waits for."),
            .label("database", prometheus: "datname", "The waiter's database."),
            .label("username", prometheus: "usename", "The waiter's role."),
            .label(
                "lock_type", prometheus: "locktype", "What kind of thing is locked: relation, transactionid, tuple, …"),
            .label("mode", prometheus: "mode", "The lock that is waited for."),
            .label("relation", prometheus: "relation", "The relation, when it is one."),
            .label("blocker_state", prometheus: "blocker_state", "What the blocker is doing."),
            .label("blocker_username", prometheus: "blocker_usename", "The blocker's role."),
            .label("queryid", .integer, prometheus: "queryid", since: 140_000, "The waiter's statement on the server."),
            .label("name", prometheus: "statement", "The waiter's statement, when its name is known."),
            .label(
                "blocker_queryid", .integer, prometheus: "blocker_queryid", since: 140_000,
                "The blocker's last statement on the server."),
            .label(
                "blocker_name", prometheus: "blocker_statement", "The blocker's last statement, when its name is known."
            ),
            .gauge(
                "waiting", .microseconds, prometheus: "pg_lock_wait_seconds", scale: 1e-6,
                "How long the waiter has waited."),
            .gauge(
                "blocker_transaction", .microseconds, prometheus: "pg_lock_wait_blocker_transaction_seconds",
                scale: 1e-6, "How long the blocker's transaction is open."),
        ])
}
