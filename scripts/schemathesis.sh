#!/usr/bin/env bash
# Installs the contract fuzzer, pinned, into a folder of its own under target/, and runs it.
. "$(dirname "$0")/common.sh"

pins=$root/tests/contract/requirements.txt
venv=$target/schemathesis

mkdir -p "$target"
exec 9>"$venv.lock"
flock 9
if ! cmp -s "$pins" "$venv/requirements.txt"; then
  say "Installing the contract fuzzer into $venv"
  rm -rf "$venv"
  python3 -m venv "$venv" || die "python3 has no venv: run 'make packages'"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$pins" >&2 ||
    die "pip could not install $pins; its message is above"
  cp "$pins" "$venv/requirements.txt"
fi
flock -u 9

cd "$root/tests/contract"
# Nothing is written into the checkout.
export PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/schemathesis" "$@" 9>&-
