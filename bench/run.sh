#!/bin/bash
# run.sh: compares migrator with psql on one machine in one run, and times runs that find nothing to do. Prints markdown.
#
# Needs the extension installed (make install) and starts a throw-away cluster of its own, with fsync on. Every figure is
# the median of REPEAT runs, each in a fresh database; the ways take turns, so that a slow minute hits all alike.
#   SIZES="100 1000 5000"   migrations applied
#   NOOP="5000 10000"       migrations already applied, of runs without work
#   MANY=10000              migrations of one CALL
#   CLIENTS=32              at once
#   REPEAT=3  NOOP_REPEAT=20
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=bench/setup.sh
. "$here/setup.sh"
# shellcheck disable=SC2119
bench_begin

cc -O2 -o "$dir/floor" "$here/floor.c"

# The ways. Each applies $1 (N.dir, N.all.sql and N.each.sql stand beside one another) to the database bench.
way_apply()    { psql -Atc "SELECT count(*) FROM migrator.apply('$dir/$1.dir')"; }
way_up()       { psql -Atc "CALL migrator.up('$dir/$1.dir')"; }
way_up_herd() {
  local i
  for i in $(seq "${CLIENTS:-32}"); do way_up "$1" >"herd.$i" & done
  wait
}
way_psql_one() { psql -1 -f "$1.all.sql"; }
way_psql_each() { psql -f "$1.each.sql"; }

prepare() { # prepare N
  local f v
  bash "$here/generate.sh" "$1" "$1.dir"
  cat "$1.dir"/*.up.sql >"$1.all.sql"
  # what a careful shell script does: each file and its record in one transaction
  {
    for f in "$1.dir"/*.up.sql; do
      v=${f##*/}
      printf 'BEGIN;\n\\i %s\n' "$f"
      printf "INSERT INTO schema_migrations (version, name, checksum) VALUES ('%s', '%s', '%s');\nCOMMIT;\n" \
        "${v%%_*}" "$v" 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    done
  } >"$1.each.sql"
  chmod -R a+rX "$1.dir"
}

fresh() {
  psql -c "DROP DATABASE IF EXISTS bench" -c "CREATE DATABASE bench"
  psql -d bench -c "CREATE EXTENSION migrator" -c "CREATE TABLE schema_migrations (
    version text PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
  psql -c CHECKPOINT
}

# Milliseconds from the start of the client to its end, appended to the way's file.
time_way() { # time_way WAY N
  local start end
  fresh
  start=${EPOCHREALTIME/./}
  PGDATABASE=bench "way_$1" "$2" >/dev/null
  end=${EPOCHREALTIME/./}
  echo $(((end - start) / 1000)) >>"$1.$2.ms"
}

ways="apply psql_one psql_each"
# up joins when it exists
fresh
bash "$here/generate.sh" 1 probe.dir
chmod -R a+rX probe.dir
if PGDATABASE=bench way_up probe >/dev/null 2>&1; then ways="apply psql_one up psql_each"; fi

title() {
  case $1 in
    apply) echo 'SELECT apply' ;; up) echo 'CALL up' ;; psql_one) echo 'psql -1' ;; psql_each) echo 'psql, BEGIN/COMMIT each' ;;
  esac
}

printf 'PostgreSQL %s, %s cores, fsync on, median of %s, milliseconds with the start of psql\n\n' \
  "$MAJOR" "$(nproc)" "${REPEAT:-3}"
printf '| migrations |'
for way in $ways; do printf ' %s |' "$(title "$way")"; done
printf ' apply / psql -1 |'
case $ways in *up*) printf ' up / psql each |' ;; esac
printf '\n| ---: |'
for way in $ways x; do printf ' ---: |'; done
case $ways in *up*) printf ' ---: |' ;; esac
printf '\n'
for n in ${SIZES:-100 1000 5000}; do
  prepare "$n"
  for _ in $(seq "${REPEAT:-3}"); do
    for way in $ways; do time_way "$way" "$n"; done
  done
  printf '| %s |' "$n"
  for way in $ways; do
    ms=$(median <"$way.$n.ms")
    printf -v "ms_$way" %s "$ms"
    printf ' %s |' "$ms"
  done
  # shellcheck disable=SC2154 # set by printf -v
  awk -v a="$ms_apply" -v b="$ms_psql_one" 'BEGIN { printf " %.2f |", a / b }'
  # shellcheck disable=SC2154
  case $ways in *up*) awk -v a="$ms_up" -v b="$ms_psql_each" 'BEGIN { printf " %.2f |", a / b }' ;; esac
  printf '\n'
  rm -rf "$n.dir" "$n.all.sql" "$n.each.sql"
done

# The cost of a migration must not grow with their number: one CALL of many.
case $ways in
  *up*)
    printf '\nOne CALL of many migrations\n\n| migrations | CALL up | ms each | psql, BEGIN/COMMIT each | ms each | ratio |\n'
    printf '| ---: | ---: | ---: | ---: | ---: | ---: |\n'
    for n in ${MANY:-10000}; do
      prepare "$n"
      time_way up "$n"
      time_way psql_each "$n"
      awk -v n="$n" -v a="$(cat "up.$n.ms")" -v b="$(cat "psql_each.$n.ms")" \
        'BEGIN { printf "| %d | %d | %.2f | %d | %.2f | %.2f |\n", n, a, a / n, b, b / n, a / b }'
      rm -rf "$n.dir" "$n.all.sql" "$n.each.sql"
    done

    # Many instances at once against an empty database: the first migrates, the others wait.
    clients=${CLIENTS:-32}
    prepare 100
    printf '\n%s clients at once, 100 migrations\n\n| one client | %s at once | ratio |\n| ---: | ---: | ---: |\n' "$clients" "$clients"
    for _ in $(seq "${REPEAT:-3}"); do
      time_way up 100
      mv up.100.ms one.tmp && tail -1 one.tmp >>one.ms && rm one.tmp
      time_way up_herd 100
    done
    awk -v a="$(median <one.ms)" -v b="$(median <up_herd.100.ms)" 'BEGIN { printf "| %d | %d | %.2f |\n", a, b, b / a }'
    rm -rf 100.dir 100.all.sql 100.each.sql
    ;;
esac

# Nothing to do: everything read and verified. Timed inside the server, in a session of its own, so that the first
# figure holds the loading of the library.
printf '\nNothing to do, timed inside the server (ms), %s runs in one session\n\n' "${NOOP_REPEAT:-20}"
printf '| applied | files in the directory | first | median | smallest | list, open, read, close in C | ratio |\n'
printf '| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n'
for n in ${NOOP:-5000 10000}; do
  for kind in up pairs; do
    bash "$here/generate.sh" "$n" noop.dir "$kind"
    chmod -R a+rX noop.dir
    fresh
    PGDATABASE=bench way_apply noop >/dev/null
    psql -d bench -c "VACUUM ANALYZE" -c CHECKPOINT
    psql -d bench -At -F '|' >noop.txt <<SQL
CREATE TEMP TABLE timing (i int, ms float8);
DO \$\$
DECLARE
    start timestamptz;
BEGIN
    FOR i IN 1 .. ${NOOP_REPEAT:-20} LOOP
        start := clock_timestamp();
        PERFORM count(*) FROM migrator.apply('$dir/noop.dir');
        INSERT INTO timing VALUES (i, extract(epoch FROM clock_timestamp() - start) * 1000);
    END LOOP;
END;
\$\$;
SELECT round((SELECT ms FROM timing WHERE i = 1)::numeric, 1),
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ms))::numeric, 1),
       round(min(ms)::numeric, 1) FROM timing;
SQL
    IFS='|' read -r first middle smallest <noop.txt
    floor=$("$dir/floor" noop.dir "${NOOP_REPEAT:-20}")
    printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$n" "$(find noop.dir -type f | wc -l)" "$first" "$middle" \
      "$smallest" "$floor" "$(awk -v a="$middle" -v b="$floor" 'BEGIN { printf "%.2f", a / b }')"
    rm -rf noop.dir
  done
done
