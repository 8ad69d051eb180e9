# shellcheck shell=bash
# What the benchmarks share: a throw-away cluster with fsync on. Sourced, never run, by what has set $here.

# shellcheck source=test/setup.sh disable=SC2154
. "$here/../test/setup.sh"
forget_pg_environment
server_find
choose_user
[ -e "$("$PG_CONFIG" --sharedir)/extension/migrator.control" ] || die "migrator is not installed: make install"

# the same silence for every way
export PGOPTIONS='-c client_min_messages=error'

psql() { command "$BIN/psql" -X -q -v ON_ERROR_STOP=1 "$@"; }

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

# bench_begin SETTING...: makes $dir, stands in it, and starts the cluster there; all goes when the script ends.
# Thousands of tables in one transaction need that many locks; the same for every way and size.
bench_begin() {
  dir=$(mktemp -d "$(temp_base)/migrator-bench.XXXXXX")
  RUN_HOME=$dir
  if is_root; then chown "$RUN_USER" "$dir"; fi
  chmod 755 "$dir"
  cd "$dir" || exit
  trap 'cluster_stop "$dir/cluster"; cd /; rm -rf "$dir"' EXIT
  cluster_start "$dir/cluster" "fsync = on" "max_locks_per_transaction = 2048" "shared_buffers = 256MB" \
    "max_wal_size = 4GB" "$@"
  cluster_use "$dir/cluster"
}
