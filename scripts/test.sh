#!/usr/bin/env bash
# Runs every test. The tests start the servers they need, installcheck among them, and remove them.
. "$(dirname "$0")/common.sh"
find_pg_config
find_cargo
cd "$root"
PGRX_PG_CONFIG_PATH=$PG_CONFIG exec cargo test --release --workspace \
  --no-default-features --features "pgtoken/pg$(pg_major)" "$@"
