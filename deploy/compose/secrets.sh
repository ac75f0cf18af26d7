#!/usr/bin/env bash
# Makes the passwords of compose.yaml, once: random, readable by you alone, outside version control.
set -euo pipefail
umask 077
dir=$(cd "$(dirname "$0")" && pwd)/secrets
mkdir -p "$dir"
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -s "$dir/$1" ] || printf '%s' "$2" >"$dir/$1"; }
make storage_password "$(random)"
make monitor_password "$(random)"
make monitored_password "$(random)"
make migrate_url "postgresql://postgres:$(cat "$dir/storage_password")@storage:5432/pganalytics"
for service in writer analyzer alerter api; do
    make "${service}_password" "$(random)"
    make "${service}_url" "postgresql://pganalytics_$service:$(cat "$dir/${service}_password")@storage:5432/pganalytics"
done
# Containers run as another user: the files are theirs to read, the folder is yours alone.
chmod 700 "$dir"; chmod 644 "$dir"/*
echo "secrets are in $dir" >&2
