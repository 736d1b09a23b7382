#!/usr/bin/env bash
# Runs the benchmarks; arguments go to them, see `scripts/bench.sh --help`.
. "$(dirname "$0")/common.sh"
find_pg_config
find_cargo
cd "$root"
PGRX_PG_CONFIG_PATH=$PG_CONFIG exec cargo bench --package pgtoken-tests --bench verify -- "$@"
