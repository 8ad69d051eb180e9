# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# What is asked every second: health() against a run that finds nothing to do, of the same files, and metrics_text() with a long
# history and a short one. Processor time of the backend, median of 9 behind a first call. Sourced by run.sh.

# watched N ROWS CALL: the database watchN, whose history has that many rows
watched() {
  psql -d "watch$1" -At <<SQL
CREATE TEMP TABLE timing (i int, ms float8);
DO \$\$
DECLARE
    start float8;
BEGIN
    FOR i IN 0 .. 9 LOOP
        start := processor_ms();
        PERFORM $2;
        INSERT INTO timing VALUES (i, processor_ms() - start);
    END LOOP;
END;
\$\$;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM timing WHERE i > 0;
SQL
}

# watch_database NAME N ROWS: N migrations on record and registered, ROWS in history, a run for every ten
watch_database() {
  psql -c "CREATE DATABASE \"watch$1\""
  psql -d "watch$1" -c "CREATE EXTENSION migrator" -At \
    -c "CREATE FUNCTION processor_ms() RETURNS float8 LANGUAGE sql SECURITY DEFINER
        AS 'SELECT split_part(pg_read_file(''/proc/self/schedstat''), '' '', 1)::float8 / 1e6'" \
    -c "SELECT migrator.register('default', '$dir/$2.dir')" -c "SELECT migrator.baseline('$dir/$2.dir')" \
    -c "INSERT INTO migrator.history (service, version, event, execution_time_ms)
        SELECT 'default', i::text, 'applied', random() * 1000 FROM generate_series(1, $3) i" \
    -c "INSERT INTO migrator.runs (kind, service, started_at, finished_at, outcome)
        SELECT 'up', 'default', now(), now(), 'applied' FROM generate_series(1, $3 / 10)" -c "VACUUM ANALYZE" -c CHECKPOINT >/dev/null
}

group_watch() {
  local n
  for n in 1000 10000; do
    migrations $n
    watch_database $n $n 10000
    compare "health() of $n, a run that finds nothing to do" "0.60" "watched $n migrator.health()" "watched $n migrator.apply()"
  done
  watch_database long 1000 100000
  compare "metrics_text(), 100,000 rows of history and 10,000" "1.00" "watched long migrator.metrics_text()" \
    "watched 1000 migrator.metrics_text()" 100000 10000
}
