#!/usr/bin/env bash
# Starts a private cluster with the extension, the demo data and the facade; run again, it brings
# them up to date with what was built and keeps the data.
. "$(dirname "$0")/cluster.sh"

create_cluster() {
  [ ! -d "$data" ] || return 0
  say "Creating a private cluster in $data"
  as_owner rm -rf "$data.new"
  private_folder "$data.new"
  as_owner "$("$PG_CONFIG" --bindir)/initdb" --auth-local=trust --auth-host=scram-sha-256 \
    --username=postgres --encoding=UTF8 --locale=C.UTF-8 -D "$data.new" >"$state/initdb.log" ||
    die "initdb failed; see $state/initdb.log"
  echo "include 'pgtoken.conf'" | as_owner tee -a "$data.new/postgresql.conf" >/dev/null
  mv "$data.new" "$data"
}

check_major() {
  local major
  major=$(cat "$data/PG_VERSION")
  [ "$major" = "$(pg_major)" ] ||
    die "the private cluster is of PostgreSQL $major, and PG_CONFIG of $(pg_major): 'make clean-data' first"
}

# Copies what was built, and stops what runs on older copies.
install_files() {
  local installed
  installed=$install$("$PG_CONFIG" --pkglibdir)/pgtoken.so
  if server_runs && ! cmp -s "$library" "$installed"; then
    say "The library changed: restarting the server"
    stop_facade
    stop_server
  fi
  DESTDIR=$install "$root/scripts/install.sh" 2>"$state/install.log" || die "$(cat "$state/install.log")"
  if ! cmp -s "$facade" "$home/pgtoken-facade"; then
    stop_facade
    install -m 755 "$facade" "$home/pgtoken-facade"
  fi
}

quoted() { printf "'%s'" "${1//\'/\'\'}"; }

# Everything with a path in it is written anew at each start: the checkout may have moved.
configure() {
  as_owner tee "$data/pgtoken.conf" >/dev/null <<CONF
# Written by make up. Use ALTER SYSTEM for settings of your own.
shared_preload_libraries = 'pgtoken'
extension_destdir = $(quoted "$install")
dynamic_library_path = $(quoted "$install$("$PG_CONFIG" --pkglibdir):\$libdir")
listen_addresses = '127.0.0.1'
port = $PGPORT
unix_socket_directories = $(quoted "\"$sockets\"")
CONF
}

# A lock file from before the last boot names a process that cannot be the server.
forget_server_of_last_boot() {
  local booted
  booted=$(sed -n 's/^btime //p' /proc/stat)
  if [ -f "$data/postmaster.pid" ] && [ "$(stat -c %Y "$data/postmaster.pid")" -lt "$booted" ]; then
    as_owner rm -f "$data/postmaster.pid"
  fi
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_server() {
  if server_runs; then return 0; fi
  say "Starting the server"
  private_folder "$sockets"
  forget_server_of_last_boot
  # Below the ports that the kernel gives to outgoing connections; another for each checkout.
  : "${PGPORT:=$((20000 + 16#${checkout_hash:0:6} % 12000))}"
  for _ in $(seq 20); do
    if ! port_is_taken "$PGPORT"; then
      configure
      as_owner cp /dev/null "$server_log"
      if pg_ctl start -w -s -l "$server_log" 2>"$state/start.log"; then return 0; fi
      grep -q 'Address already in use' "$server_log" ||
        die "the server does not start:"$'\n'"$(cat "$state/start.log" "$server_log")"
    fi
    PGPORT=$((PGPORT + 1))
  done
  die "no free port found up to $PGPORT"
}

sql() { "$("$PG_CONFIG" --bindir)/psql" -XqAt -v ON_ERROR_STOP=1 "$@"; }

# Made under another name and renamed when complete, so that an interrupted run leaves no half of it.
create_database() {
  local exists example
  exists=$(sql -d postgres -c "select 'yes' from pg_database where datname = 'pgtoken'")
  [ -z "$exists" ] || return 0
  say "Creating the database and loading the demo data"
  sql -d postgres -c "set client_min_messages = warning" \
    -c "drop database if exists pgtoken_new with (force)" -c "create database pgtoken_new"
  sql -d pgtoken_new -c "create extension pgtoken"
  for example in video_vault digital_signage; do
    [ -f "$root/sql/examples/$example.sql" ] || continue
    sql -d pgtoken_new -o /dev/null -f "$root/sql/examples/$example.sql"
  done
  sql -d postgres -c "alter database pgtoken_new rename to pgtoken"
  "$root/scripts/assemble.sh" "$state/loaded"
}

# New versions come by their upgrade scripts. In between, while pgtoken itself is being changed,
# there is none: say so, and leave the data alone.
check_sql() {
  local loaded assembled
  loaded=$(sql -c "select extversion from pg_extension where extname = 'pgtoken'")
  if [ "$loaded" != "$version" ]; then
    say "Upgrading the extension from $loaded to $version"
    sql -c "alter extension pgtoken update"
    "$root/scripts/assemble.sh" "$state/loaded"
    return
  fi
  assembled=$install$("$PG_CONFIG" --sharedir)/extension/pgtoken--$version.sql
  cmp -s "$assembled" "$state/loaded/pgtoken--$version.sql" ||
    say "The install SQL changed since this database was made, and it still has the old one." \
      "To start afresh (this deletes its data): make clean-data up"
}

# Over the socket, whose folder others cannot enter, no password is asked for; over TCP one is.
set_passwords() {
  sql -v password="$PGPASSWORD" <<'SQL'
set client_min_messages = warning;
alter role postgres password :'password';
select 'create role pgtoken_facade login' where to_regrole('pgtoken_facade') is null \gexec
grant pgtoken_admin, pgtoken_verifier to pgtoken_facade;
alter role pgtoken_facade password :'password';
-- Parameters of its statements hold digests and names: they need not reach the log.
alter role pgtoken_facade set log_parameter_max_length = 0;
alter role pgtoken_facade set log_parameter_max_length_on_error = 0;
SQL
}

# The token that was printed may have been revoked by the command that was printed.
issue_demo_token() {
  local valid
  valid=$(sql -v token="${PGTOKEN_DEMO_TOKEN:-}" <<'SQL'
select valid from pgtoken.verify_token(token => :'token', consume => false);
SQL
  )
  [ "$valid" != t ] || return 0
  PGTOKEN_DEMO_TOKEN=$(sql <<'SQL'
insert into pgtoken.app_user (user_id, name) values ('demo', 'Demo') on conflict do nothing;
select token from pgtoken.issue_token(name => 'printed by make up', user_id => 'demo');
SQL
  )
}

facade_listens() {
  PGTOKEN_URL=$(sed -n 's/.*listening on \(http:[^ ]*\).*/\1/p' "$state/facade.log")
  [ -n "$PGTOKEN_URL" ]
}

# Returns 1 if the port is taken.
start_facade_on() {
  : >"$state/facade.log"
  # Nothing here forks, so that the process id is the facade's own.
  (
    cd /
    export PGTOKEN_LISTEN=$1
    exec setsid "${drop_privileges[@]}" "$home/pgtoken-facade" </dev/null >"$state/facade.log" 2>&1 9>&-
  ) &
  echo $! >"$state/facade.pid"
  for _ in $(seq 100); do
    if facade_listens; then return 0; fi
    if grep -q 'Address already in use' "$state/facade.log"; then return 1; fi
    sleep 0.1
  done
  die "the facade does not start: $(cat "$state/facade.log")"
}

start_facade() {
  local configuration address
  configuration=$(declare -p PGTOKEN_DATABASE_URL PGTOKEN_ADMIN_SECRET PGTOKEN_VERIFIER_SECRET)
  if facade_pid >/dev/null && [ "$(cat "$state/facade.env")" = "$configuration" ]; then return 0; fi
  stop_facade
  say "Starting the facade"
  (umask 077 && echo "$configuration" >"$state/facade.env")
  for address in "${PGTOKEN_URL#http://}" 127.0.0.1:8080 127.0.0.1:0; do
    [ -n "$address" ] || continue
    if start_facade_on "$address"; then return 0; fi
  done
}

wait_until_ready() {
  for _ in $(seq 50); do
    if curl -fsS -o /dev/null --max-time 5 "$PGTOKEN_URL/readyz" 2>/dev/null; then return 0; fi
    sleep 0.2
  done
  die "the facade does not become ready: $(tail -n 5 "$state/facade.log")"
}

exported="PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE
  PGTOKEN_URL PGTOKEN_ADMIN_SECRET PGTOKEN_VERIFIER_SECRET PGTOKEN_DEMO_TOKEN"

write_env() {
  local name
  (
    umask 077
    for name in $exported; do
      printf 'export %s=%s\n' "$name" "${!name@Q}"
    done >"$state/env.new"
  )
  mv "$state/env.new" "$state/env"
}

# Whoever starts it is its first administrator: the link is good once, for 15 minutes.
sign_in_link() {
  (cd / && PGTOKEN_PUBLIC_URL=$PGTOKEN_URL exec "$home/pgtoken-facade" sign-in-link --actor "$(id -un)") ||
    die "the facade prints no link to sign in with"
}

print_welcome() {
  local env psql
  env=$(printf '%q' "$state/env")
  psql=$(command -v psql || printf '%s/psql' "$("$PG_CONFIG" --bindir)")
  psql=${psql##/usr/bin/}
  cat <<WELCOME

pgtoken is up.

  admin page  $PGTOKEN_URL/admin/
  sign in     $(sign_in_link)
              (once, within 15 minutes; 'make up' prints another)
  reference   $PGTOKEN_URL/docs
  database    $PGDATABASE on port $PGPORT, socket in $PGHOST
  token       $PGTOKEN_DEMO_TOKEN

Paste to try it:

  # Verify the token above, in the database.
  . $env && $psql -c "select valid, code, user_id, scope from pgtoken.verify_token('\$PGTOKEN_DEMO_TOKEN')"

  # Issue one over HTTP: its text is shown this once.
  . $env && curl -sS "\$PGTOKEN_URL/v1/tokens" -H "Authorization: Bearer \$PGTOKEN_ADMIN_SECRET" -H 'Content-Type: application/json' -d '{"name": "mine", "user_id": "demo"}'

  # Verify the token above, as an application does.
  . $env && curl -sS "\$PGTOKEN_URL/v1/verify" -H "Authorization: Bearer \$PGTOKEN_VERIFIER_SECRET" -H 'Content-Type: application/json' -d "{\"token\": \"\$PGTOKEN_DEMO_TOKEN\", \"scope\": \"read\"}"

  # Ask whether a request with it may pass, as a gateway does.
  . $env && curl -sSi "\$PGTOKEN_URL/v1/forward-auth?scope=read" -H "Authorization: Bearer \$PGTOKEN_DEMO_TOKEN"

  # Revoke it, and ask again: refused at once.
  . $env && curl -sSi "\$PGTOKEN_URL/v1/revocation" -d "token=\$PGTOKEN_DEMO_TOKEN"

'make up' again keeps the data, 'make down' stops everything.
WELCOME
}

random_hex() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

find_pg_config
[ -f "$library" ] || die "$library is missing: run 'make build'"
[ -f "$facade" ] || die "$facade is missing: run 'make build'"
take_lock

# The caller may have another server in the environment; this cluster's own values are in its file.
for name in $exported; do unset "$name"; done
# shellcheck source=/dev/null
if [ -f "$state/env" ]; then . "$state/env"; fi

mkdir -p "$home"
create_cluster
check_major
install_files
start_server

PGHOST=$sockets PGPORT=$(sed -n 's/^port = //p' "$data/pgtoken.conf") PGUSER=postgres PGDATABASE=pgtoken
: "${PGPASSWORD:=$(random_hex)}" "${PGTOKEN_ADMIN_SECRET:=$(random_hex)}" "${PGTOKEN_VERIFIER_SECRET:=$(random_hex)}"
export PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE
create_database
check_sql
set_passwords
issue_demo_token

export PGTOKEN_ADMIN_SECRET PGTOKEN_VERIFIER_SECRET
export PGTOKEN_DATABASE_URL=postgres://pgtoken_facade:$PGPASSWORD@127.0.0.1:$PGPORT/pgtoken
PGTOKEN_URL=${PGTOKEN_URL:-}
start_facade
write_env
wait_until_ready
print_welcome
