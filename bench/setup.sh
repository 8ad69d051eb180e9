# shellcheck shell=bash
# What the benchmarks share: a throw-away cluster with fsync on, and pairs of measurements. Sourced, never run, by what has
# set $here.

# shellcheck source=test/setup.sh disable=SC2154
. "$here/../test/setup.sh"

psql() { command "$BIN/psql" -X -q -v ON_ERROR_STOP=1 "$@"; }

# bench_begin SETTING...: makes $dir, stands in it, and starts the cluster there; all goes when the script ends.
# Thousands of tables in one transaction need that many locks; the same for every way and size.
bench_begin() {
  forget_pg_environment
  export PGOPTIONS='-c client_min_messages=error' # the same silence for every way
  server_find
  choose_user
  [ -e "$("$PG_CONFIG" --sharedir)/extension/migrator.control" ] || die "migrator is not installed: make install"
  dir=$(mktemp -d "$(temp_base)/migrator-bench.XXXXXX")
  RUN_HOME=$dir
  if is_root; then chown "$RUN_USER" "$dir"; fi
  chmod 755 "$dir"
  cd "$dir" || exit
  trap 'cluster_stop "$dir/cluster"; cd /; rm -rf "$dir"' EXIT
  cluster_start "$dir/cluster" "fsync = on" "max_locks_per_transaction = 8192" "shared_buffers = 256MB" \
    "max_wal_size = 4GB" "autovacuum = off" "$@"
  cluster_use "$dir/cluster"
}

bench_restart() { # bench_restart SETTING: with this setting besides, as -c takes it
  as_user "$BIN/pg_ctl" -D "$dir/cluster/data" -l "$dir/cluster/server.log" -w -t 60 -m fast -o "-c $1" restart \
    </dev/null >/dev/null
}

# A new database "bench", its pages on the disk.
fresh() {
  psql -c "DROP DATABASE IF EXISTS bench" -c "CREATE DATABASE bench"
  psql -d bench -c "CREATE EXTENSION migrator"
  psql -c CHECKPOINT
}

# migrations N: the directory N.dir of N migrations by generate.sh
migrations() {
  [ -e "$1.dir" ] || bash "$here/generate.sh" "$1" "$1.dir" up
  chmod -R a+rX "$1.dir"
}

# files N SQL: the directory work.dir of N migrations, each with this statement
files() {
  rm -rf work.dir
  mkdir work.dir
  awk -v n="$1" -v sql="$2" 'BEGIN { for (i = 1; i <= n; i++) { f = sprintf("work.dir/%06d_x.sql", i); print sql > f; close(f) } }'
  chmod -R a+rX work.dir
}

# took COMMAND...: milliseconds of a command whose output and outcome are not asked for
took() {
  local start=${EPOCHREALTIME/./}
  "$@" >/dev/null 2>&1 || true
  echo $(((${EPOCHREALTIME/./} - start) / 1000))
}

# call SQL: in a new session
call() { command "$BIN/psql" -X -q -At -d bench -c "$1"; }

# ---------------------------------------------------------------------------------------------------------------------
# Pairs
# ---------------------------------------------------------------------------------------------------------------------

# Jiffies of all processors: busy, stolen by the host, all.
jiffies() { awk '/^cpu / { idle = $5 + $6; all = 0; for (i = 2; i <= 9; i++) all += $i; print all - idle, $9, all }' /proc/stat; }

# share BEFORE AFTER: "busy stolen" in percent between two readings
share() {
  awk -v a="$1" -v b="$2" 'BEGIN { split(a, x); split(b, y); all = y[3] - x[3]; if (all < 1) all = 1
    printf "%d %d\n", 100 * (y[1] - x[1]) / all, 100 * (y[2] - x[2]) / all }'
}

# What others do while we do nothing: percent of all processors.
others() {
  local before
  before=$(jiffies)
  sleep 0.4
  share "$before" "$(jiffies)"
}

# more than this of the machine used by others before or after a pair, or stolen during it: disturbed
OTHERS_AT_MOST=10
STOLEN_AT_MOST=2

# compare WHAT AIM A B [A-SIZE B-SIZE]: A and B are commands that print a number, milliseconds mostly. They take turns
# REPEAT times, and as often again as pairs were disturbed, up to twice as many. A row says the medians of A, of B and of
# their ratio in each pair, from undisturbed pairs where there are enough; else from all, marked with a star. With sizes the
# ratio is that of the costs for each: 1 is linear, less is better.
compare() {
  local what=$1 aim=$2 a=$3 b=$4 na=${5:-1} nb=${6:-1} want=${REPEAT:-3} pairs=0 quiet=0 x y before after start
  : >pairs.txt
  while [ $quiet -lt "$want" ] && [ $pairs -lt $((2 * want)) ]; do
    before=$(others)
    start=$(jiffies)
    # shellcheck disable=SC2086 # commands with their arguments
    if [ $((pairs % 2)) = 0 ]; then x=$($a) y=$($b); else y=$($b) x=$($a); fi
    start=$(share "$start" "$(jiffies)")
    after=$(others)
    pairs=$((pairs + 1))
    if awk -v x="${before% *}" -v y="${after% *}" -v s="${start#* }" -v o=$OTHERS_AT_MOST -v t=$STOLEN_AT_MOST \
      'BEGIN { exit x > o || y > o || s > t }'; then
      quiet=$((quiet + 1))
      echo "0 $x $y ${before% *} ${after% *} ${start#* }" >>pairs.txt
    else
      echo "1 $x $y ${before% *} ${after% *} ${start#* }" >>pairs.txt
    fi
  done
  awk -v what="$what" -v aim="$aim" -v na="$na" -v nb="$nb" -v want="$want" -v quiet=$quiet '
    function median(list, n,    i, j, t) {
      for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
      return list[int((n + 1) / 2)]
    }
    function number(x) { return x < 100 ? sprintf("%.1f", x) : sprintf("%d", x) }
    quiet < want || $1 == 0 {
      n++
      a[n] = $2; b[n] = $3; r[n] = ($2 / na) / (($3 > 0 ? $3 : 1) / nb)
      o[n] = $4 > $5 ? $4 : $5; s[n] = $6
    }
    END {
      printf "| %s | %s | %s | %.2f | %s | %d %% | %d %% | %d%s |\n", what, number(median(a, n)), number(median(b, n)), median(r, n), aim,
        median(o, n), median(s, n), n, quiet < want ? "*" : ""
    }' pairs.txt
}
