#!/bin/bash
# growth.sh: what must cost no more for each when there are more of them. Prints markdown: the time of few, that of many,
# and the ratio of the times for each; 1 is linear.
#
# Needs the extension installed (make install) and starts a throw-away cluster of its own.
#   FAILURES="500 4000"     migrations that fail, with on_error => 'continue'
#   VERSIONS="5000 50000"   names in "versions", of as many files
#   TRIGGERS="0 8000"       tables with a deferrable constraint, behind which 1,000 migrations run
#   EVENTS="20000 200000"   deferred checks pending at the end of one migration, with the larger number of such tables
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=bench/setup.sh
. "$here/setup.sh"
bench_begin "max_locks_per_transaction = 8192" "fsync = off"

fresh() {
  psql -c "DROP DATABASE IF EXISTS bench" -c "CREATE DATABASE bench"
  psql -d bench -c "CREATE EXTENSION migrator"
}

# files N SQL: a directory of N migrations, each with this statement
files() {
  local i
  rm -rf work.dir
  mkdir work.dir
  for i in $(seq "$1"); do echo "$2" >"work.dir/$(printf '%06d' "$i")_x.sql"; done
  chmod -R a+rX work.dir
}

# ms SQL: milliseconds of one call in a new session; its outcome is not asked for
ms() {
  local start=${EPOCHREALTIME/./}
  command "$BIN/psql" -X -q -d bench -c "$1" >/dev/null 2>&1 || true
  echo $(((${EPOCHREALTIME/./} - start) / 1000))
}

# row WHAT FEW MANY MS MS: ratio of the cost of each
row() {
  awk -v w="$1" -v n="$2" -v m="$3" -v a="$4" -v b="$5" \
    'BEGIN { printf "| %s | %d | %d | %d | %d | %.2f |\n", w, n, a, m, b, (b / (m ? m : 1)) / (a / (n ? n : 1)) }'
}

# measure WHAT SIZES COMMAND: COMMAND N prints milliseconds
measure() {
  local few many a b
  read -r few many <<<"$2"
  a=$("$3" "$few")
  b=$("$3" "$many")
  row "$1" "$few" "$many" "$a" "$b"
}

fail_up()    { fresh; files "$1" 'SELECT 1/0;'; ms "CALL migrator.up('$dir/work.dir', on_error => 'continue')"; }
fail_apply() { fresh; files "$1" 'SELECT 1/0;'; ms "SELECT count(*) FROM migrator.apply('$dir/work.dir', on_error => 'continue')"; }

named() {
  fresh
  files "$1" 'SELECT 1;'
  ms "SELECT count(*) FROM migrator.apply('$dir/work.dir', dry_run => true,
        versions => ARRAY(SELECT i::text FROM generate_series(1, $1) i))"
}

tables() { # tables N: N tables with deferrable constraints, committed a thousand at a time
  local i
  for ((i = 0; i < $1; i += 1000)); do
    psql -d bench -c "DO \$\$BEGIN FOR i IN $i + 1 .. least($i + 1000, $1) LOOP
      EXECUTE format('CREATE TABLE d%s (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)', i); END LOOP; END\$\$"
  done
}

behind() { # behind CALL N: 1,000 migrations in a database with N such tables
  fresh
  tables "$2"
  files 1000 'SELECT 1;'
  ms "$1"
}
behind_apply() { behind "SELECT count(*) FROM migrator.apply('$dir/work.dir')" "$1"; }
behind_up()    { behind "CALL migrator.up('$dir/work.dir')" "$1"; }

pending() {
  fresh
  tables "${TRIGGERS##* }"
  files 1 "INSERT INTO d1 SELECT i FROM generate_series(1, $1) i; UPDATE d1 SET i = i + 1;"
  ms "SELECT count(*) FROM migrator.apply('$dir/work.dir')"
}

TRIGGERS=${TRIGGERS:-0 8000}
printf 'PostgreSQL %s, milliseconds with the start of psql\n\n' "$MAJOR"
printf '| what | few | ms | many | ms | ratio for each |\n| --- | ---: | ---: | ---: | ---: | ---: |\n'
measure "up, all fail, on_error continue" "${FAILURES:-500 4000}" fail_up
measure "apply, all fail, on_error continue" "${FAILURES:-500 4000}" fail_apply
measure "names in versions, dry run" "${VERSIONS:-5000 50000}" named
measure "deferred checks pending at the end of a migration" "${EVENTS:-20000 200000}" pending

printf '\n1,000 migrations in a database with so many deferrable constraints\n\n| what | none | ms | many | ms | ratio |\n'
printf '| --- | ---: | ---: | ---: | ---: | ---: |\n'
for way in apply up; do
  a=$("behind_$way" "${TRIGGERS%% *}")
  b=$("behind_$way" "${TRIGGERS##* }")
  awk -v w="$way" -v n="${TRIGGERS%% *}" -v m="${TRIGGERS##* }" -v a="$a" -v b="$b" \
    'BEGIN { printf "| %s | %d | %d | %d | %d | %.2f |\n", w, n, a, m, b, b / a }'
done
