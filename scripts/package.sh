#!/usr/bin/env bash
# Builds a tarball of the installed files under target/package; unpack it at / to install.
. "$(dirname "$0")/common.sh"
find_pg_config
name=pgtoken-$version-pg$(pg_major)-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
staging=$target/package/$name

rm -rf "$staging"
DESTDIR=$staging "$root/scripts/install.sh"
install -D -m 755 "$facade" "$staging/usr/bin/pgtoken-facade"
doc=$staging/usr/share/doc/pgtoken
mkdir -p "$doc"
for file in LICENSE README.md CHANGELOG.md; do
  [ -f "$root/$file" ] && install -m 644 "$root/$file" "$doc/"
done
install -D -m 644 -t "$doc/sql/runbooks" "$root"/sql/runbooks/*.sql
tar --create --gzip --file "$staging.tar.gz" --directory "$staging" --owner=0 --group=0 --sort=name .
say "Packaged $staging.tar.gz"
