#!/usr/bin/env bash
# Installs the built extension into the PostgreSQL of PG_CONFIG, below DESTDIR where that is set.
. "$(dirname "$0")/common.sh"
find_pg_config
[ -f "$library" ] || die "$library is missing: run 'make build'"

share=${DESTDIR:-}$("$PG_CONFIG" --sharedir)/extension
lib=${DESTDIR:-}$("$PG_CONFIG" --pkglibdir)
assembled=$(mktemp -d)
trap 'rm -rf "$assembled"' EXIT
"$root/scripts/assemble.sh" "$assembled"

mkdir -p "$share" "$lib" || die "cannot write there: run 'sudo make install', or set DESTDIR="
install -m 644 "$assembled"/* "$share/"
# install replaces the file, so a server that has the old one mapped keeps running on it.
install -m 755 "$library" "$lib/pgtoken.so"
say "Installed pgtoken $version in $share and $lib"
