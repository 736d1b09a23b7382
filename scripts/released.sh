#!/usr/bin/env bash
# What was released never changes: databases out there were made by it, and upgrades start from it.
# sql/released keeps each released install script, and SHA256SUMS what it and the upgrade scripts must still be.
# Without an argument, refuses any difference; with `freeze`, adds the present version, once, when it is released.
. "$(dirname "$0")/common.sh"
cd "$root"
frozen=sql/released
sums=$frozen/SHA256SUMS
script=$frozen/pgtoken--$version.sql
assembled=$(mktemp -d)
trap 'rm -rf "$assembled"' EXIT
scripts/assemble.sh "$assembled"

if [ "${1:-check}" = freeze ]; then
  [ ! -e "$script" ] || die "$script is there: version $version was released"
  cp "$assembled/pgtoken--$version.sql" "$script"
  for file in "$script" sql/upgrades/pgtoken--*--"$version.sql"; do
    if [ -f "$file" ]; then sha256sum "$file" >>"$sums"; fi
  done
  say "Froze version $version; commit sql/released with the release"
  exit
fi

[ ! -s "$sums" ] || sha256sum --check --strict --quiet "$sums" ||
  die "a released script was edited or is gone: write an upgrade script instead"

for file in "$frozen"/*.sql; do
  [ ! -f "$file" ] || grep -q "  $file\$" "$sums" || die "$file is in no line of $sums: scripts/released.sh freeze"
done

[ ! -e "$script" ] || cmp --silent "$assembled/pgtoken--$version.sql" "$script" ||
  die "sql/ is no longer that of the released version $version: raise default_version in extension/pgtoken.control, and write an upgrade script"

# Whoever edits a script and its sum is told by the tags, where there are any: an archive or a shallow clone has none.
for tag in $(git tag --list 'v*' 2>/dev/null); do
  lines=$(git show "$tag:$sums" 2>/dev/null) || continue
  while read -r line; do
    [ -z "$line" ] || grep -Fxq -- "$line" "$sums" || die "$sums lacks a line that $tag has: $line"
  done <<<"$lines"
done
