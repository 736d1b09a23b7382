#!/usr/bin/env bash
# Builds the extension and the facade in release, for the PostgreSQL of PG_CONFIG.
. "$(dirname "$0")/common.sh"
find_pg_config
find_cargo

say "Building for $("$PG_CONFIG" --version) (the first time takes a few minutes)"
cd "$root"
PGRX_PG_CONFIG_PATH=$PG_CONFIG exec cargo build --release --workspace \
  --no-default-features --features "pgtoken/pg$(pg_major)"
