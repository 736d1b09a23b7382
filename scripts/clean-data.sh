#!/usr/bin/env bash
# Deletes the private cluster and what is known about it.
. "$(dirname "$0")/cluster.sh"
if server_runs; then die "the server runs: 'make down' first"; fi
rm -rf "$home" "$sockets" "$state"
say "Deleted $home"
