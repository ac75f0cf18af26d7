#!/bin/bash
# Runs once, when the storage database is new: the login of each service. Their rights come from the migrations.
set -euo pipefail
for service in writer analyzer alerter api; do
    psql -v ON_ERROR_STOP=1 -U postgres -d pganalytics -v role="pganalytics_$service" \
        -v password="$(cat "/run/secrets/${service}_password")" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
SQL
done
