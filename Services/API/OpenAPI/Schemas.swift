extension Schema {
    /// The named schemas of the document, in its order.
    static let components: [(name: String, schema: Schema)] = [
        (
            "Credentials",
            .object([
                .init("username", .string, "The user's name."), .init("password", .string, "1 to 72 bytes."),
            ])
        ),
        (
            "Session",
            .object([
                .init("access_token", .string, "Goes into the header Authorization after \"Bearer \"."),
                .init("token_type", .choice(["Bearer"])), .init("expires_in", .integer, "In seconds."),
                .init("expires_at", .time), .init("username", .string),
                .init("role", .choice(["admin", "user", "viewer"])),
            ])
        ),
        (
            "Health",
            .object([
                .init("status", .choice(["ok", "unavailable"])), .init("database", .choice(["ok", "away"])),
                .init("version", .string), .init("time", .time),
            ])
        ),
        ("Status", status), ("Collector", collector), ("Server", .object(server)),
        ("ServerDetails", .object(server + [.init("families", .array(familyCycle), "The last cycle of each family.")])),
        ("Metrics", metrics), ("Statements", statements), ("Family", family), ("Finding", finding),
        ("Alert", .object(alert)), ("AlertEvent", alertEvent), ("Problem", problem),
    ]

    private static let problem: Schema = .object([
        .init("type", .string, "A name for programs, stable."), .init("title", .string, "The same in words."),
        .init("status", .integer), .init("detail", .string, "What happened this time."),
        .init("instance", .string, "The path that was asked for."),
        .init("where", .string, "Which part of the request is meant.", optional: true),
        .init("remedy", .string, "What to do.", optional: true),
        .init("request_id", .string, "The log has more under this id; also in the header X-Request-Id."),
    ])

    private static let status: Schema = .object([
        .init("version", .string), .init("time", .time),
        .init("data_through", .nullable(.time), "The newest time of anything stored."),
        .init(
            "database",
            .object([.init("version", .string), .init("bytes", .integer), .init("timescaledb", .boolean)])),
        .init(
            "counts",
            .object([
                .init("servers", .integer), .init("collectors", .integer), .init("statements", .integer),
                .init("open_findings", .integer), .init("firing_alerts", .integer), .init("pending_alerts", .integer),
                .init("gaps", .integer, "Stretches of messages that were lost, as far as known."),
                .init("dead_letters", .integer, "Messages that could not be used."),
            ])),
        .init(
            "stalest",
            .array(
                .object([
                    .init("server", .string), .init("data_through", .nullable(.time)),
                    .init("age_seconds", .nullable(.number)),
                ])), "The servers whose data is oldest, 50 at most."),
        .init(
            "ingest",
            .array(
                .object([
                    .init("topic", .string), .init("partition", .integer),
                    .init("next_offset", .integer, "Everything before it is stored."),
                    .init("updated_at", .nullable(.time)),
                ]))),
    ])

    private static let collector: Schema = .object([
        .init("id", .string), .init("version", .string), .init("hostname", .string), .init("pid", .integer),
        .init("started_at", .nullable(.time)), .init("seen_at", .time), .init("interval_us", .integer),
        .init("cpu_us", .integer, "Processor time since it started."), .init("rss_bytes", .integer),
        .init("spool_bytes", .integer, "What waits on its disk to be sent."), .init("spool_oldest_us", .integer),
        .init("spool_dropped", .integer, "Messages that the spool had no room for."), .init("sent", .integer),
        .init("servers", .any, "The servers it reads, as it said."),
    ])

    private static let server: [Property] = [
        .init("id", .string), .init("host", .nullable(.string)), .init("port", .nullable(.integer)),
        .init("system_identifier", .nullable(.string)), .init("timeline", .nullable(.integer)),
        .init("server_version", .nullable(.string)), .init("collector", .nullable(.string)),
        .init("first_seen", .nullable(.time)),
        .init("data_through", .nullable(.time), "Everything up to here is stored, but for known gaps."),
        .init("age_seconds", .nullable(.number)),
        .init(
            "last_cycle",
            .nullable(
                .object([
                    .init("time", .time), .init("up", .nullable(.boolean)), .init("outcome", .nullable(.string)),
                    .init("message", .nullable(.string)), .init("in_recovery", .nullable(.boolean)),
                    .init("server_start", .nullable(.time)), .init("next_interval_us", .nullable(.integer)),
                ])), "Null when there was none within a day."),
    ]

    private static let familyCycle: Schema = .object([
        .init("family", .string), .init("time", .time), .init("outcome", .nullable(.string)),
        .init("message", .nullable(.string)), .init("interval_us", .nullable(.integer)),
        .init("rows", .nullable(.integer)),
        .init("server_time_us", .nullable(.integer), "How long the server's answers were waited for."),
    ])

    private static let gaps: Schema = .array(
        .object([
            .init("kind", .choice(["sequence", "offset"])), .init("server", .nullable(.string)),
            .init("first_missing", .integer), .init("last_missing", .integer),
            .init("after", .nullable(.time), "The last time before the gap."),
            .init("before", .nullable(.time), "The first time after it."),
        ]))

    private static let metrics: Schema = .object([
        .init("server", .string), .init("family", .string), .init("metric", .string),
        .init("kind", .choice(["counter", "gauge"])), .init("unit", .string), .init("aggregate", .string),
        .init("from", .time), .init("to", .time), .init("step_us", .nullable(.integer)),
        .init("data_through", .nullable(.time), "What is after it has not arrived yet."),
        .init("times", .array(.number), "Unix time in seconds, exact to the microsecond."),
        .init("series_total", .integer, "How many series there are; `limit` of them are in `series`."),
        .init(
            "series",
            .array(
                .object([
                    .init("labels", .map(.any)),
                    .init("values", .array(.nullable(.number)), "One for each of `times`; null is a gap, never zero."),
                ]))),
        .init("gaps", gaps, "Messages known to be missing in the range."),
    ])

    private static let statement: Schema = .object([
        .init("database", .nullable(.string)),
        .init("queryid", .nullable(.integer), "64 bits wide: more than a double holds."),
        .init("username", .nullable(.string)), .init("toplevel", .nullable(.boolean)),
        .init("name", .nullable(.string), "The fingerprint, the same on every server; null until known."),
        .init("ours", .boolean, "Whether it is the collector's own."),
        .init("calls", .nullable(.integer)), .init("rows", .nullable(.integer)),
        .init("total_exec_time_ns", .nullable(.integer)), .init("mean_exec_time_ns", .nullable(.number)),
        .init("stddev_exec_time_ns", .nullable(.number)),
        .init("share", .number, "Of the execution time of all statements in the range, 0 to 1."),
        .init("min_exec_time_ns", .nullable(.integer)), .init("max_exec_time_ns", .nullable(.integer)),
        .init("plans", .nullable(.integer)), .init("total_plan_time_ns", .nullable(.integer)),
        .init("shared_blks_hit", .nullable(.integer)), .init("shared_blks_read", .nullable(.integer)),
        .init("shared_blks_dirtied", .nullable(.integer)), .init("shared_blks_written", .nullable(.integer)),
        .init("temp_blks_read", .nullable(.integer)), .init("temp_blks_written", .nullable(.integer)),
        .init("wal_records", .nullable(.integer)), .init("wal_bytes", .nullable(.integer)),
        .init(
            "flagged_readings", .integer,
            "Readings within the range that were a first one, or came after a reset or an eviction."),
        .init("text", .nullable(.string), "Normalised, literals masked; null until known."),
        .init("text_bytes", .nullable(.integer), "The length before it was cut."),
    ])

    private static let statements: Schema = .object([
        .init("server", .string), .init("from", .time), .init("to", .time), .init("order", .string),
        .init("by", .string),
        .init("data_through", .nullable(.time)),
        .init(
            "coverage",
            .object([.init("from", .nullable(.time)), .init("to", .nullable(.time)), .init("readings", .integer)]),
            "The time that the readings in the range cover."),
        .init(
            "total",
            .object([
                .init("total_exec_time_ns", .nullable(.integer)), .init("calls", .nullable(.integer)),
                .init("statements", .integer),
            ]), "Of all statements in the range, not only those listed; null when no reading in it has a delta."),
        .init("data", .array(statement)), .init("gaps", gaps, "Messages known to be missing in the range."),
    ])

    private static let family: Schema = .object([
        .init("name", .string), .init("kind", .choice(["counter", "gauge"])), .init("interval_seconds", .integer),
        .init("description", .string),
        .init(
            "columns",
            .array(
                .object([
                    .init("name", .string), .init("kind", .string), .init("type", .string), .init("unit", .string),
                    .init("prometheus_name", .nullable(.string)), .init("description", .string),
                ]))),
    ])

    private static let finding: Schema = .object([
        .init("identity", .string), .init("kind", .string), .init("server", .string), .init("subject", .string),
        .init("state", .string), .init("opened_at", .nullable(.time)), .init("time", .time),
        .init("window_start", .nullable(.time)), .init("window_end", .nullable(.time)),
        .init("value", .nullable(.number)),
        .init("baseline", .nullable(.number)), .init("threshold", .nullable(.number)), .init("unit", .string),
        .init("samples", .integer), .init("summary", .string), .init("evidence", .any),
    ])

    private static let alert: [Property] = [
        .init("fingerprint", .string), .init("rule", .string), .init("server", .string), .init("state", .string),
        .init("time", .time), .init("starts_at", .nullable(.time)), .init("ends_at", .nullable(.time)),
        .init("value", .nullable(.number)), .init("labels", .any), .init("annotations", .any),
    ]

    private static let alertEvent: Schema = .object(
        [.init("identity", .string), .init("kind", .string)] + alert + [
            .init("receiver", .nullable(.string)), .init("delivery_status", .nullable(.string)),
            .init("attempt", .nullable(.integer)), .init("http_status", .nullable(.integer)),
            .init("detail", .nullable(.string)),
        ])
}
