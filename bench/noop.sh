# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# Runs that find nothing to do, everything verified, against a bare C loop over the same files (floor.c). By a superuser, and
# by a role with source_roots. Both are processor time, of the backend and of the loop: neither waits for anything, so it is
# what the clock says of a machine with nothing else to do, and says much the same of a busy one. Sourced by run.sh.

noop() { # noop N ROLE: median of 9 calls behind a first one
  psql -d "noop$1" -U "$2" -At <<SQL
CREATE TEMP TABLE timing (i int, ms float8);
DO \$\$
DECLARE
    start float8;
BEGIN
    FOR i IN 0 .. 9 LOOP
        start := processor_ms();
        PERFORM count(*) FROM migrator.apply('$dir/$1.dir');
        INSERT INTO timing VALUES (i, processor_ms() - start);
    END LOOP;
END;
\$\$;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM timing WHERE i > 0;
SQL
}

group_noop() {
  local n
  cc -O2 -o floor "$here/floor.c" -lcrypto
  psql -c "CREATE ROLE runner LOGIN" -c "ALTER ROLE runner SET migrator.source_roots = '$dir'"
  for n in 1000 5000 10000; do
    migrations $n
    psql -c "CREATE DATABASE noop$n"
    psql -d noop$n -c "CREATE EXTENSION migrator" -c "GRANT EXECUTE ON FUNCTION migrator.apply TO runner" -At \
      -c "CREATE FUNCTION processor_ms() RETURNS float8 LANGUAGE sql SECURITY DEFINER
          AS 'SELECT split_part(pg_read_file(''/proc/self/schedstat''), '' '', 1)::float8 / 1e6'" \
      -c "SELECT migrator.baseline('$dir/$n.dir')" -c "VACUUM ANALYZE" -c CHECKPOINT >/dev/null
    compare "no-op of $n, C loop, processor time; superuser" "1.30" "noop $n postgres" "./floor $n.dir 9"
    compare "no-op of $n, C loop, processor time; role with source_roots" "1.30" "noop $n runner" "./floor $n.dir 9"
  done
}
