#!/usr/bin/env bash
# Runs tests/regress with pg_regress against the server that the PG* environment names.
. "$(dirname "$0")/common.sh"
find_pg_config
pg_regress=$("$PG_CONFIG" --pkglibdir)/pgxs/src/test/regress/pg_regress
[ -x "$pg_regress" ] || die "$pg_regress is missing: run 'make packages'"

output=${REGRESS_OUTPUT:-$target/regress}
mkdir -p "$output"
exec "$pg_regress" --bindir="$("$PG_CONFIG" --bindir)" --inputdir="$root/tests/regress" \
  --outputdir="$output" --dbname=contrib_regression --encoding=UTF8 --schedule="$root/tests/regress/schedule"
