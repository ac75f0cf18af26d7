/// The rules that come with the alerter: `deploy/alerts/pganalytics.yaml`, to the letter (a test compares them).
enum ShippedRules {
    static let name = "shipped rules"

    static let text = #"""
        # What pgAnalytics pages about. Prometheus' format; the subset that is evaluated, and what differs, stands in
        # Services/Alerter/README.md. The alerter carries this file in its binary; to change it, give it a copy:
        #
        #   [rules]
        #   file = "/etc/pganalytics/alerts.yaml"
        #
        # and look at it first with: pganalytics-alerter rules check FILE
        #
        # Every rule is evaluated for each server by itself, and every alert has its label instance. `inhibits: instance` is a
        # label like any other to Prometheus; to the alerter it says that this alert mutes the others of its server.
        groups:
          - name: pganalytics
            rules:
              - alert: ServerDown
                # The outcome of a cycle is a label of pg_up and changes while a server goes down: it must not be the alert's.
                expr: max by (instance) (pg_up) == 0
                for: 10s
                keep_firing_for: 10s
                labels:
                  severity: critical
                annotations:
                  summary: "{{ $labels.instance }} does not answer"
                  description: >-
                    The collector cannot read the server{{ range query "pg_up == 0" }} ({{ .Labels.outcome }}){{ end }}.
                  runbook: >-
                    Look at the server's own log and at the host first. When it is up, try the collector's connection by hand
                    (pganalytics-collector check): the outcome says whether the connection, the password or the server refused.

              - alert: CollectorSilent
                expr: >-
                  pganalytics_instance_silent_seconds > 30
                  and pganalytics_instance_silent_seconds > 3 * pganalytics_instance_interval_seconds
                labels:
                  severity: critical
                  inhibits: instance
                annotations:
                  summary: "Nothing comes of {{ $labels.instance }} any more"
                  description: >-
                    Collector {{ $labels.collector }} has sent nothing of it for {{ $value | humanizeDuration }}. Whether the
                    server is well is not known, and its other alerts stay what they were.
                  runbook: >-
                    Is the process of collector {{ $labels.collector }} alive, and does it reach Kafka (its /readyz says)? What it
                    could not send waits in its spool and comes when it is back.

              - alert: StorageDown
                expr: pganalytics_storage_up == 0
                for: 10s
                labels:
                  severity: critical
                annotations:
                  summary: "The alerter cannot reach its database"
                  description: >-
                    Alerts are still evaluated and delivered from memory. What happens meanwhile is written up when the database is
                    back; an alerter that is restarted before that may page again about what still fires.
                  runbook: >-
                    Look at the database of the setting database.url: is it up, does it accept the alerter's role, is its disk full?
                    The alerter's log names the reason.

              - alert: LockWait
                expr: max by (instance) (pg_lock_wait_seconds) > 5
                keep_firing_for: 5s
                labels:
                  severity: warning
                annotations:
                  summary: "A session on {{ $labels.instance }} has waited {{ $value | humanizeDuration }} for a lock"
                  description: >-
                    {{ range query "pg_lock_wait_seconds" }}pid {{ .Labels.pid }} ({{ .Labels.usename }} in {{ .Labels.datname }})
                    waits for pid {{ .Labels.blocker_pid }} ({{ .Labels.blocker_usename }}, {{ .Labels.blocker_state }}):
                    {{ .Labels.mode }} on {{ .Labels.locktype }} {{ .Labels.relation }}, {{ .Value | humanizeDuration }}. {{ end }}
                  runbook: >-
                    The blocker that waits for nobody is the cause. When it is "idle in transaction", its client forgot to commit:
                    SELECT pg_terminate_backend(pid) ends it; when it is "active", pg_cancel_backend(pid) ends its statement only.

              - alert: ConnectionsNearLimit
                expr: pg_connections / pg_settings_max_connections > 0.8
                for: 30s
                keep_firing_for: 1m
                labels:
                  severity: warning
                annotations:
                  summary: "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its connections"
                  description: >-
                    {{ range query "pg_connections" }}{{ .Value }} connections{{ end }}{{ range query "pg_settings_max_connections" }}
                    of {{ .Value }} at most{{ end }}. When they are used up, new clients are refused.
                  runbook: >-
                    Find who holds them: SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3
                    ORDER BY 4 DESC. Many idle ones mean a pool that is too large or leaks; raising max_connections costs memory and
                    needs a restart.

              - alert: StatementBroken
                expr: pganalytics_finding_open{kind="statement_broken"} > 0
                labels:
                  severity: warning
                annotations:
                  summary: "Statement {{ $labels.subject }} on {{ $labels.instance }} is much slower than usual"
                  description: >-
                    In {{ $labels.datname }} as {{ $labels.user }} it took {{ $value | humanizeDuration }} on average: more than twice
                    the 95th percentile of what is usual for it. {{ $labels.text }}
                  runbook: >-
                    Compare its plan with the usual one (EXPLAIN), and look at what else changed then: a deployment, missing
                    statistics (ANALYZE), locks, a full disk. The finding {{ $labels.finding }} carries the evidence.

        """#
}
