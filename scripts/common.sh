# shellcheck shell=bash disable=SC2034
# What every script shares: where things are, and how to say what happens. Sourced, never run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
library=$target/release/libpgtoken.so
facade=$target/release/pgtoken-facade

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf 'pgtoken: %s\n' "$*" >&2
  exit 1
}

# The default_version of the control file is the only place where the version of the SQL is written.
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$root/extension/pgtoken.control")
[ -n "$version" ] || die "extension/pgtoken.control has no default_version"

# Finds the PostgreSQL to build for: that of PG_CONFIG, else version 15, in PATH or where Debian has it.
find_pg_config() {
  local found=${PG_CONFIG:-}
  if [ -z "$found" ]; then
    found=/usr/lib/postgresql/15/bin/pg_config
    case $(pg_config --version 2>/dev/null) in 'PostgreSQL 15'*) found=pg_config ;; esac
  fi
  PG_CONFIG=$(command -v "$found") ||
    die "$found is not there: run 'make packages', or name another with PG_CONFIG="
  export PG_CONFIG
}

pg_major() { "$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/'; }

# Rust is the one thing that is not installed for you.
find_cargo() {
  PATH=$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin
  export PATH
  command -v cargo >/dev/null || die "cargo is not there: install Rust first, see https://rustup.rs"
}
