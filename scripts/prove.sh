#!/usr/bin/env bash
# Runs the experiments of tests/prove in their long form and prints one table.
# Arguments are parts or claims: `scripts/prove.sh crash history`; none means all.
. "$(dirname "$0")/common.sh"
find_pg_config
find_cargo
cd "$root"
PGRX_PG_CONFIG_PATH=$PG_CONFIG exec cargo test --release --workspace \
  --no-default-features --features "pgtoken/pg$(pg_major)" --test prove -- --full "$@"
