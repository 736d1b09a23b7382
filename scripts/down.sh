#!/usr/bin/env bash
# Stops what up.sh started; the data stays.
. "$(dirname "$0")/cluster.sh"
[ -d "$state" ] || exit 0
take_lock
stop_facade
if server_runs; then
  find_pg_config
  stop_server
fi
say "pgtoken is down; its data stays in $home ('make clean-data' deletes it)"
