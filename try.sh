#!/bin/bash
# ./try.sh        builds and installs migrator, starts a throw-away cluster, migrates examples/shop, shows the status
# ./try.sh stop   stops that cluster and removes it
#
# Needs a Debian (or a relative of it) and root or sudo; installs what is missing. PG_CONFIG chooses another server.
# A cluster of the system's is left alone; the extension's files do go into the server's lib and share directories.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail

root=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/setup.sh
. "$root/test/setup.sh"
forget_pg_environment

# One place for each caller, found again by the next run and by stop.
place() {
  choose_user
  dir=$(temp_base)/migrator-try-$(id -un)
  RUN_HOME=$dir
  if [ -L "$dir" ] || { [ -e "$dir" ] && [ "$(stat -c %U "$dir")" != "$RUN_USER" ]; }; then
    die "$dir is there and not $RUN_USER's: remove it, or set TMPDIR"
  fi
}

stop() {
  cluster_stop "$dir/cluster"
  rm -rf "$dir"
}

query() {
  # -e shows each statement before its result
  as_user "$BIN/psql" -X -q -e -P pager=off -v ON_ERROR_STOP=1 -h "$dir/cluster" -U postgres -d "${1}" -c "$2"
}

main() {
  say "Packages: PostgreSQL, its development files, a compiler, make, the headers of OpenSSL, libarchive and zlib"
  # shellcheck disable=SC2119
  server_install
  note "PostgreSQL $MAJOR, $PG_CONFIG"

  place
  if [ -e "$dir" ]; then
    say "Removing the cluster of an earlier run in $dir"
    stop
  fi
  own_dir "$dir"
  cd "$dir" # runuser's child may not be able to stand where the caller stands

  say "Building as $RUN_USER in a copy of the source"
  copy_tree "$root" "$dir/source"
  build_product "$dir/source"

  say "Installing into the server's directories"
  install_product "$dir/source"
  note "$("$PG_CONFIG" --pkglibdir)/migrator.so"
  note "$("$PG_CONFIG" --sharedir)/extension/migrator*"

  say "Starting a throw-away cluster as $RUN_USER in $dir/cluster (socket only)"
  cluster_start "$dir/cluster" "fsync = off"
  mv "$dir/source/examples/shop" "$dir/shop"
  rm -rf "$dir/source"

  say "Migrating examples/shop"
  query postgres "CREATE DATABASE shop"
  query shop "CREATE EXTENSION migrator"
  query shop "SELECT * FROM migrator.apply('$dir/shop')"

  say "What the database says now"
  query shop "SELECT version, name, state, flags, applied_at, applied_by FROM migrator.status('$dir/shop')"
  query shop "SELECT * FROM order_totals"

  say "Yours to play with"
  local how=
  if is_root && [ "$(id -un)" != "$RUN_USER" ]; then how=' (as root)'; fi
  note "connect$how:  $BIN/psql -h $dir/cluster -U postgres shop"
  note "the scripts:  $dir/shop"
  note "server log:   $dir/cluster/server.log"
  note "stop:         $root/try.sh stop"
}

case ${1:-start} in
  start) main ;;
  stop)
    server_find
    place
    [ -e "$dir/cluster" ] || die "no cluster in $dir"
    cd /
    stop
    say "Stopped, $dir removed"
    ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0"; [ "$1" = -h ] || [ "$1" = --help ] || exit 2 ;;
esac
