#!/usr/bin/env bash
# Writes the install script, the upgrade scripts and the control file into the folder $1.
# The install script is sql/install.list read from top to bottom.
. "$(dirname "$0")/common.sh"
[ $# = 1 ] || die "usage: assemble.sh FOLDER"
script=$1/pgtoken--$version.sql

[ -f "$root/sql/install.list" ] || die "sql/install.list is missing"
mkdir -p "$1"
{
  printf '%s\n' '-- complain if script is sourced in psql, rather than via CREATE EXTENSION'
  printf '%s\n' '\echo Use "CREATE EXTENSION pgtoken" to load this file. \quit'
  while read -r file || [ -n "$file" ]; do
    case $file in '' | '#'*) continue ;; esac
    printf '\n-- sql/%s\n\n' "$file"
    cat "$root/sql/$file"
  done <"$root/sql/install.list"
} >"$script"

for upgrade in "$root"/sql/upgrades/*.sql; do
  [ -f "$upgrade" ] && cp "$upgrade" "$1/"
done
cp "$root/extension/pgtoken.control" "$1/"
