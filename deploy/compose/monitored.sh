#!/bin/bash
# Runs once in each monitored server: the collector's role, with what `pganalytics check` asks for and no more.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U postgres -d postgres -v password="$(cat /run/secrets/monitor_password)" <<'SQL'
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
CREATE ROLE pganalytics LOGIN CONNECTION LIMIT 2 PASSWORD :'password';
GRANT pg_monitor TO pganalytics;
ALTER ROLE pganalytics SET pg_stat_statements.track = 'none';
SQL
