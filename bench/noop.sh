# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# Runs that find nothing to do, everything verified, against a bare C loop over the same files (floor.c). By a superuser, and
# by a role with source_roots. Both are processor time, of the backend and of the loop: neither waits for anything, so it is
# what the clock says of a machine with nothing else to do, and says much the same of a busy one. Sourced by run.sh.

noop() { # noop N ROLE [ENVIRONMENT]: median of 9 calls behind a first one
  local more=''
  [ -z "${3-}" ] || more=", environment => '$3'"
  psql -d "noop$1" -U "$2" -At <<SQL
CREATE TEMP TABLE timing (i int, ms float8);
DO \$\$
DECLARE
    start float8;
BEGIN
    FOR i IN 0 .. 9 LOOP
        start := processor_ms();
        PERFORM count(*) FROM migrator.apply('$dir/$1.dir'$more);
        INSERT INTO timing VALUES (i, processor_ms() - start);
    END LOOP;
END;
\$\$;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM timing WHERE i > 0;
SQL
}

# noop_database N [ENVIRONMENT]: the database noopN, with all of N.dir on record
noop_database() {
  local more=''
  [ -z "${2-}" ] || more=", environment => '$2'"
  psql -c "CREATE DATABASE \"noop$1\""
  psql -d "noop$1" -c "CREATE EXTENSION migrator" -c "GRANT EXECUTE ON FUNCTION migrator.apply TO runner" -At \
    -c "CREATE FUNCTION processor_ms() RETURNS float8 LANGUAGE sql SECURITY DEFINER
        AS 'SELECT split_part(pg_read_file(''/proc/self/schedstat''), '' '', 1)::float8 / 1e6'" \
    -c "SELECT migrator.baseline('$dir/$1.dir'$more)" -c "VACUUM ANALYZE" -c CHECKPOINT >/dev/null
}

# with_files N: N-files.dir, the same migrations in common/, with both JSON files: two of three migrations need one before
with_files() {
  mkdir "$1-files.dir"
  cp -r "$1.dir" "$1-files.dir/common"
  printf '{"environments": {"production": {"config": {"variables": {"schema": "app"}}}}}\n' >"$1-files.dir/environments.json"
  awk -v n="$1" 'BEGIN {
    printf "{\"migrations\": {"
    for (v = 1; v <= n; v++)
      printf "%s\n  \"%06d\": {\"description\": \"migration %d\", \"depends_on\": [%s], \"risk_level\": \"low\", \"rollback_safe\": true}",
        (v == 1 ? "" : ","), v, v, (v % 3 == 1 ? "" : sprintf("\"%06d\"", v - 1))
    print "\n}}"
  }' >"$1-files.dir/dependencies.json"
  chmod -R a+rX "$1-files.dir"
}

# marked N: N-pairs.dir, golang-migrate's with down scripts, and N-marked.dir, the same in files that dbmate's marks divide
marked() {
  local up name
  bash "$here/generate.sh" "$1" "$1-pairs.dir"
  mkdir "$1-marked.dir"
  for up in "$1-pairs.dir"/*.up.sql; do
    name=$(basename "$up" .up.sql)
    { echo "-- migrate:up" && cat "$up" && echo "-- migrate:down" && cat "$1-pairs.dir/$name.down.sql"; } >"$1-marked.dir/$name.sql"
  done
  chmod -R a+rX "$1-pairs.dir" "$1-marked.dir"
}

group_noop() {
  local n
  cc -O2 -o floor "$here/floor.c" -lcrypto
  psql -c "CREATE ROLE runner LOGIN" -c "ALTER ROLE runner SET migrator.source_roots = '$dir'"
  for n in 1000 5000 10000; do
    migrations $n
    noop_database $n
    compare "no-op of $n, C loop, processor time; superuser" "1.30" "noop $n postgres" "./floor $n.dir 9"
    compare "no-op of $n, C loop, processor time; role with source_roots" "1.30" "noop $n runner" "./floor $n.dir 9"
  done
  with_files 5000
  noop_database 5000-files production
  marked 5000
  noop_database 5000-pairs
  noop_database 5000-marked
  compare "no-op of 5000 of dbmate and of golang-migrate, with ways back, processor time" "1.30" "noop 5000-marked postgres" \
    "noop 5000-pairs postgres"
  compare "no-op of 5000, both JSON files and without, processor time" "1.20" "noop 5000-files postgres production" \
    "noop 5000 postgres"
}
