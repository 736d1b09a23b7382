#!/usr/bin/env bash
# Takes pictures of every view of the admin page, light and dark, wide and narrow, with data made up for it.
. "$(dirname "$0")/common.sh"
find_pg_config
find_cargo
cd "$root"
PGRX_PG_CONFIG_PATH=$PG_CONFIG cargo build --release --workspace --example screenshots \
  --no-default-features --features "pgtoken/pg$(pg_major)"
"$target/release/examples/screenshots" "${1:-$target/screenshots}"
