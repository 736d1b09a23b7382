# shellcheck shell=bash disable=SC2034
# The private cluster of `make up`: where it is, and its two processes. Sourced, never run.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# The server's user must be able to read what is installed for it, whatever the caller's umask.
umask 022

state=$root/.pgtoken
checkout_hash=$(printf '%s' "$root" | sha256sum | cut -c1-12)
is_root() { [ "$(id -u)" = 0 ]; }

# PostgreSQL refuses root, and the postgres user may be unable to enter the checkout.
home=$state
if is_root; then home=/var/lib/pgtoken-$checkout_hash; fi
data=$home/data
install=$home/install
server_log=$data/server.log

# A socket's path has 107 bytes at most, and libpq takes a comma for the end of a host.
sockets=$home/run
case $sockets in
  *,*) sockets=/tmp/pgtoken-run-$checkout_hash ;;
  *) [ "$(printf '%s' "$sockets" | wc -c)" -le 85 ] || sockets=/tmp/pgtoken-run-$checkout_hash ;;
esac

# Put before a command, runs it as the server's user.
drop_privileges=()
if is_root; then drop_privileges=(setpriv --reuid=postgres --regid=postgres --init-groups); fi
as_owner() { (cd / && exec "${drop_privileges[@]}" "$@"); }

# A folder of the server's user that nobody else can enter.
private_folder() {
  if [ ! -d "$1" ]; then
    mkdir -m 700 "$1"
    if is_root; then chown postgres:postgres "$1"; fi
  fi
  as_owner test -O "$1" || die "$1 belongs to another user: remove it and try again"
}

# One of these scripts at a time; and the folder is that of one user.
take_lock() {
  [ -d "$state" ] || mkdir -m 700 "$state"
  [ -O "$state" ] || die "$state belongs to $(stat -c %U "$state"): run this as that user, or remove it"
  exec 9>"$state/lock"
  flock -n 9 || { say "Waiting for another make up or make down" && flock 9; }
}

pg_ctl() { as_owner env -u RUST_BACKTRACE "$("$PG_CONFIG" --bindir)/pg_ctl" -D "$data" "$@" 9>&-; }

# The postmaster works in its data folder; a process id alone may have gone to another program.
server_runs() {
  local pid
  pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
  [ "$(readlink "/proc/$pid/cwd")" = "$data" ]
}

stop_server() {
  server_runs || return 0
  pg_ctl stop -w -s -m fast
}

# The process id of the facade that make up started, if it is still that.
facade_pid() {
  local pid
  pid=$(cat "$state/facade.pid" 2>/dev/null) || return 1
  case $(readlink "/proc/$pid/exe") in
    "$home/pgtoken-facade" | "$home/pgtoken-facade (deleted)") echo "$pid" ;;
    *) return 1 ;;
  esac
}

stop_facade() {
  local pid
  pid=$(facade_pid) || return 0
  kill -TERM "$pid"
  for _ in $(seq 400); do
    facade_pid >/dev/null || return 0
    sleep 0.1
  done
  die "the facade (process $pid) does not stop; see $state/facade.log"
}
