#!/usr/bin/env bash
# Shows that the experiments of tests/prove bite: removes one guard at a time, and expects red.
# A mutant is a patch in tests/mutants; its first lines say what it removes, and which claim
# catches it (`Red: part::claim`). Arguments choose mutants by name; none means all.
. "$(dirname "$0")/common.sh"
find_pg_config
find_cargo
workshop=$root/target/mutants
checkout=$workshop/checkout
export CARGO_TARGET_DIR=$workshop/target

rm -rf "$checkout"
mkdir -p "$checkout"
cd "$root"
git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create | tar --extract --directory "$checkout"
cd "$checkout"
# Without a repository of its own, `git apply` would take the one around it.
git init --quiet

# run_claim CLAIM: the short form of one claim.
run_claim() {
  scripts/test.sh --package pgtoken-tests --test prove -- --exact "$1"
}

survived=0
for patch in tests/mutants/*.patch; do
  name=$(basename "$patch" .patch)
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  claim=$(sed -n 's/^Red: //p' "$patch")
  [ -n "$claim" ] || die "$patch: no line says which claim catches it (Red: part::claim)"
  log=$workshop/$name.log
  git apply "$patch" || die "$patch: no longer applies"
  scripts/build.sh >"$log" 2>&1 || die "$name: the mutant does not build, see $log"
  if run_claim "$claim" >>"$log" 2>&1; then
    say "SURVIVED $name: $claim stays green, see $log"
    survived=$((survived + 1))
  elif grep -q "^test $claim .* FAILED" "$log"; then
    say "caught   $name: $claim"
  else
    die "$name: $claim was not run, see $log"
  fi
  git apply --reverse "$patch"
done
[ "$survived" = 0 ] || die "$survived mutants survived"
