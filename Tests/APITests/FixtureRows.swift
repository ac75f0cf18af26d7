import Runtime

@testable import API

/// Three servers: `db1` with readings each ten seconds and one lost, `team/db 2` with a name that has to be escaped,
/// and `idle`, of which nothing but its existence is known.
enum FixtureRows {
    static func sql(base: Int64) -> String {
        func at(_ seconds: Int64) -> String { "'\(RFC3339.text(base + seconds * 1_000_000))'::timestamptz" }
        let families = ["statements", "activity", "connections", "cycle", "cycle_family"]
        var sql = families.map { "CREATE TABLE metrics.fixture_\($0) PARTITION OF metrics.\"\($0)\" DEFAULT;" }
        sql.append(
            """
            INSERT INTO metrics.instances (instance, host, port, server_version, collector, timeline) VALUES
                ('db1', '10.0.0.1', 5432, '17.2', 'c1', 1), ('team/db 2', '10.0.0.2', 5433, '14.1', 'c1', 1),
                ('idle', NULL, NULL, NULL, NULL, NULL);
            INSERT INTO ledger.streams (cluster_id, topic, partition, producer, key, epoch, last_sequence, last_time) VALUES
                ('k', 'pganalytics.samples', 0, 'c1', 'db1', 'e', 60, \(at(60))),
                ('k', 'pganalytics.samples', 1, 'c1', 'team/db 2', 'e', 9, \(at(30)));
            INSERT INTO ledger.gaps (cluster_id, topic, partition, kind, producer, key, epoch, first_missing, last_missing,
                                     after_time, before_time) VALUES
                ('k', 'pganalytics.samples', 0, 'sequence', 'c1', 'db1', 'e', 31, 33, \(at(20)), \(at(40)));
            INSERT INTO ledger.gaps (cluster_id, topic, partition, kind, first_missing, last_missing, after_time, before_time,
                                     noted_at) VALUES
                ('k', 'pganalytics.samples', 0, 'offset', 1, 9, \(at(-500)), \(at(-400)), \(at(-300))),
                ('k', 'pganalytics.samples', 0, 'offset', 10, 19, NULL, NULL, \(at(-300)));
            INSERT INTO ledger.offsets (cluster_id, topic, partition, next_offset) VALUES ('k', 'pganalytics.samples', 0, 77);
            INSERT INTO metrics.collectors (collector, version, hostname, pid, started_at, time, interval_us, cpu_us,
                rss_bytes, spool_bytes, spool_oldest_us, spool_dropped, sent, instances)
            SELECT 'c' || n, '0.1.0', 'host', n, \(at(0)), \(at(60)), 10000000, 5, 6, 7, 8, 0, 9, '[{"id":"db1"}]'
            FROM generate_series(1, 5) n;
            INSERT INTO metrics.statement_texts (name, text, full_length, parser, first_instance, queryid, seen_at) VALUES
                ('aaaaaaaaaaaaaaaa', 'SELECT "x" FROM t WHERE a = $1', 30, '17', 'db1', 111, \(at(10)));
            INSERT INTO metrics.statement_names (instance, queryid, name)
            SELECT id, 111, 'aaaaaaaaaaaaaaaa' FROM metrics.instances WHERE instance = 'db1';
            """)
        // The table of the third cycle was lost on its way, what came of it was not.
        for cycle in Int64(1)...6 {
            sql.append(
                """
                INSERT INTO metrics.cycle_family (time, instance, interval_us, quality, family, outcome, "interval", rows, server_time)
                SELECT \(at(cycle * 10)), id, 10000000, 0, 'statements', 'ok', 10000000, 1, 500
                FROM metrics.instances WHERE instance = 'db1';
                """)
        }
        // Earlier: a cycle in which nothing moved, by a clock five seconds behind the server's,
        // one by a clock that tells no time, and one whose rows were lost.
        sql.append(
            """
            INSERT INTO metrics.statements (time, instance, interval_us, quality, database, username, queryid, toplevel,
                name, ours, calls, rows, total_exec_time, stddev_exec_time)
            SELECT \(at(-110)), id, 10000000, 0, 'app', 'u1', 111, 1, NULL, 0, 4, 4, 4000, 0
            FROM metrics.instances WHERE instance = 'db1';
            INSERT INTO metrics.cycle (time, instance, interval_us, quality, outcome, up, in_recovery, clock_offset)
            SELECT t, id, 10000000, 0, 'ok', 1, 0, o FROM metrics.instances,
                (VALUES (\(at(-105)), 5000000), (\(at(-107)), 9223372036854775807)) v (t, o) WHERE instance = 'db1';
            INSERT INTO metrics.cycle_family (time, instance, interval_us, quality, family, outcome, "interval", rows)
            SELECT t, id, 10000000, 0, 'statements', 'ok', 10000000, r
            FROM metrics.instances, (VALUES (\(at(-107)), 0), (\(at(-105)), 0), (\(at(-90)), 7)) v (t, r) WHERE instance = 'db1';
            """)
        // The first reading of a statement has no delta yet.
        for cycle in [Int64(1), 2, 4, 5, 6] {
            let first = cycle == 1
            sql.append(
                """
                INSERT INTO metrics.statements (time, instance, interval_us, quality, database, username, queryid, toplevel,
                    name, ours, calls, rows, total_exec_time, stddev_exec_time)
                SELECT \(at(cycle * 10)), id, 10000000, \(first ? 1 : 0), 'app', 'u1', 111, 1, NULL, 0,
                       \(first ? "NULL, NULL, NULL, NULL" : "10, 20, 10000000, 0") FROM metrics.instances WHERE instance = 'db1';
                INSERT INTO metrics.cycle (time, instance, interval_us, quality, outcome, up, in_recovery, next_interval)
                SELECT \(at(cycle * 10)), id, 10000000, 0, 'ok', 1, 0, 10000000 FROM metrics.instances WHERE instance = 'db1';
                INSERT INTO metrics.connections (time, instance, interval_us, quality, total, max_connections)
                SELECT \(at(cycle * 10)), id, 0, 0, \(cycle), 100 FROM metrics.instances WHERE instance = 'db1';
                """)
        }
        sql.append(
            """
            INSERT INTO metrics.statements (time, instance, interval_us, quality, database, username, queryid, toplevel,
                name, ours, calls, rows, total_exec_time, stddev_exec_time)
            SELECT \(at(20)), id, 10000000, 0, d, u, q, 1, n, o, c, r, t, s FROM metrics.instances, (VALUES
                ('app', 'u1', 9223372036854775807, 'bbbbbbbbbbbbbbbb', 0, 3, 9007199254740993, 1152921504606846976, 0),
                ('app', 'u2', 111, NULL, 0, 1, 2, 1000000, 500),
                ('other', 'u1', 111, NULL, 0, 5, 5, 5000000, 0),
                ('app', 'c', -7, 'cccccccccccccccc', 1, 99, 99, 99, 99)) v (d, u, q, n, o, c, r, t, s)
            WHERE instance = 'db1';
            INSERT INTO metrics.activity (time, instance, interval_us, quality, database, username, state, count)
            SELECT \(at(10)), id, 0, 0, 'app', 'u1', 'active', 5 FROM metrics.instances WHERE instance = 'db1';
            INSERT INTO metrics.activity (time, instance, interval_us, quality, database, username, state, count)
            SELECT \(at(40)), id, 0, 0, 'app', NULL, 'idle', 2 FROM metrics.instances WHERE instance = 'db1';
            INSERT INTO metrics.findings (identity, kind, instance, subject, state, opened_at, time, value, baseline,
                threshold, unit, samples, summary, evidence)
            SELECT 'f' || n, 'statement_broken', 'db1', 's', CASE WHEN n = 1 THEN 'resolved' ELSE 'opened' END, \(at(0)),
                   \(at(30)), n, 1, 2, 'nanoseconds', 100, 'slow', '[]' FROM generate_series(1, 5) n;
            INSERT INTO metrics.alerts (fingerprint, rule, instance, state, time, starts_at, value, labels, annotations)
            SELECT 'a' || n, 'LockWait', 'db1', (ARRAY['firing', 'pending', 'resolved', 'inactive'])[n], \(at(30)), \(at(10)), n,
                   '{"severity":"page"}', '{}' FROM generate_series(1, 4) n;
            INSERT INTO metrics.alert_events (identity, fingerprint, rule, instance, kind, state, time, value, labels, annotations)
            SELECT 'e' || n, 'a1', 'LockWait', 'db1', 'state_change', 'firing', \(at(30)), n, '{}', '{}'
            FROM generate_series(1, 7) n;
            """)
        return sql.joined(separator: "\n")
    }
}
