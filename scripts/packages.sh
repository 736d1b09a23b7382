#!/usr/bin/env bash
# Installs the Debian packages that building and running pgtoken needs, and nothing when all are there.
# With the argument `test`, those of tests and benchmarks, too.
. "$(dirname "$0")/common.sh"

# package: why it is needed
wanted() {
  cat <<'LIST'
gcc: links Rust programs and compiles the bindings to PostgreSQL
libc6-dev: headers of the C library, for the same
libclang-dev: reads the headers of PostgreSQL
curl: runs the commands that make up prints
ca-certificates: lets cargo and curl check certificates
LIST
  if [ "${1:-}" = test ]; then
    cat <<'LIST'
python3-venv: keeps the contract fuzzer apart from the system's Python
nginx-light: a gateway in front of the facade
caddy: another
wrk: the load of the benchmark over HTTP
chromium: shows the admin page to its tests
chromium-driver: lets the tests drive it
procps: lets the tests end it
git: applies the mutants of the experiments
LIST
  fi
  # Whoever names a PostgreSQL brings it along.
  if [ -z "${PG_CONFIG:-}" ]; then
    cat <<'LIST'
postgresql-15: the server
postgresql-server-dev-15: its headers, pg_config and pg_regress
LIST
  fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || die "installing packages takes root or sudo; as root, run: ${*}"
    sudo "$@"
  fi
}

apt_install() {
  # In runlevel 1 no package starts a service: nginx and Caddy would take ports of the system.
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -q --no-install-recommends "$@" </dev/null || die "apt-get failed; its message is above"
}

# Debian's package would create and start a server on port 5432; pgtoken brings a cluster of its own.
apt_install_without_system_cluster() {
  local setting=/etc/postgresql-common/createcluster.d/pgtoken.conf
  as_root mkdir -p "${setting%/*}"
  echo 'create_main_cluster = false' | as_root tee "$setting" >/dev/null
  trap 'as_root rm -f '"$setting" EXIT
  apt_install "$@"
}

command -v dpkg-query >/dev/null || {
  say "not a Debian system: make sure that gcc, libclang, curl and PostgreSQL with its headers are there"
  exit 0
}

missing=()
while IFS=: read -r package reason; do
  is_installed "$package" && continue
  [ ${#missing[@]} -gt 0 ] || say "Missing system packages, to be installed with apt-get:"
  printf '      %-26s%s\n' "$package" "$reason" >&2
  missing+=("$package")
done < <(wanted "$@")
[ ${#missing[@]} -gt 0 ] || exit 0

as_root apt-get update -q
case " ${missing[*]} " in
  *" postgresql-15 "*) apt_install_without_system_cluster "${missing[@]}" ;;
  *) apt_install "${missing[@]}" ;;
esac
