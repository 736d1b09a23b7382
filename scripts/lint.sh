#!/usr/bin/env bash
# Everything that a machine can say about the text of the project.
. "$(dirname "$0")/common.sh"
find_pg_config
find_cargo
cd "$root"
export PGRX_PG_CONFIG_PATH=$PG_CONFIG
features=(--no-default-features --features "pgtoken/pg$(pg_major)")

say "released SQL"
scripts/released.sh
say "cargo fmt"
cargo fmt --all --check
say "cargo clippy"
cargo clippy --release --workspace --all-targets "${features[@]}" -- -D warnings
say "cargo doc"
RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --document-private-items "${features[@]}"

if cargo deny --version >/dev/null 2>&1; then
  say "cargo deny"
  cargo deny check
else
  say "cargo deny is not there: licences and advisories were not checked (cargo install cargo-deny)"
fi
if command -v shellcheck >/dev/null; then
  say "shellcheck"
  shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh .ci/run
else
  say "shellcheck is not there: the scripts were not checked (apt-get install shellcheck)"
fi
