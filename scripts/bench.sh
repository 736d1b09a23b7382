#!/usr/bin/env bash
# Runs the benchmarks: `verify` measures the extension, `http` the facade, nothing means both.
# What follows the name goes to the benchmark, see `scripts/bench.sh http --help`.
. "$(dirname "$0")/common.sh"
find_pg_config
find_cargo
cd "$root"
export PGRX_PG_CONFIG_PATH=$PG_CONFIG

benches=(verify http)
case ${1:-} in
  verify | http) benches=("$1") && shift ;;
  -*) benches=(verify) ;;
esac
for bench in "${benches[@]}"; do
  if [ "$bench" = http ]; then
    command -v wrk >/dev/null || die "wrk is not there: apt-get install wrk"
    # The bare server is an example of the facade, built with the features of everything else.
    cargo build --release --workspace --lib --bins --examples \
      --no-default-features --features "pgtoken/pg$(pg_major)"
  fi
  cargo bench --package pgtoken-tests --bench "$bench" -- "$@"
done
