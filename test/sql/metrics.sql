-- View metrics and metrics_text().
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- all that does not depend on the clock
CREATE VIEW files.metrics AS
  SELECT name, kind, labels - 'version' AS labels,
         CASE WHEN name ~ 'timestamp|duration_seconds(_sum)?$' THEN value > 0 AND value <= extract(epoch FROM clock_timestamp()) END AS plausible,
         CASE WHEN name ~ 'timestamp|duration_seconds(_sum)?$' THEN NULL ELSE value END AS value
    FROM migrator.metrics WHERE name NOT LIKE '%\_bucket' OR labels->>'le' IN ('+Inf', '1800');
SELECT * FROM files.metrics;
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE app.a();', '2_b.sql', 'SELECT pg_sleep(0.011);', '3_c.sql', 'CREATE INDEX ON app.a ((1));');
CALL files.make('m/e', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1/0;');
SELECT migrator.register('default', 'm/d') \g /dev/null
SELECT migrator.register('billing', 'm/e') \g /dev/null
CALL migrator.up(options => '{"verbose": false}') \g /dev/null
SELECT version, outcome FROM migrator.apply(service => 'billing', on_error => 'stop');
SELECT * FROM files.metrics;
-- each family's kind and help; those without a row are not in the view
SELECT kind, family, help FROM migrator.metrics, regexp_replace(name, '_(bucket|sum|count)$', '') AS family GROUP BY 1, 2, 3
  ORDER BY family COLLATE "C";
-- a histogram: buckets do not become less, the last is the count, a time that is a bound is within it
UPDATE migrator.history SET execution_time_ms = CASE version WHEN '1' THEN 10 WHEN '2' THEN 10.001 ELSE 2000000 END
 WHERE service = 'default' AND event = 'applied';
SELECT labels->>'le' AS le, value FROM migrator.metrics
  WHERE name = 'migrator_migration_duration_seconds_bucket' AND labels->>'service' = 'default';
SELECT name, round(value::numeric, 6) AS value FROM migrator.metrics
  WHERE name ~ 'migrator_migration_duration_seconds_(sum|count)' AND labels->>'service' = 'default';
-- waits and attempts, as runs put them on record
UPDATE migrator.runs SET lock_wait_ms = 1500, lock_retries = 2 WHERE service = 'default' AND kind = 'up';
SELECT name, value FROM migrator.metrics WHERE name LIKE 'migrator_lock%' AND labels->>'service' = 'default';
-- drift: as the last run found it, and as it is where that is asked for
ALTER TABLE app.a ADD COLUMN by_hand integer;
CALL files.write('m/d/4_d.sql', 'SELECT 4;');
SELECT version FROM migrator.apply(service => 'default');
SELECT value FROM migrator.metrics WHERE name = 'migrator_drift_objects' AND labels->>'service' = 'default';
ALTER TABLE app.a ADD COLUMN too integer;
SELECT value FROM migrator.metrics WHERE name = 'migrator_drift_objects' AND labels->>'service' = 'default';
SET migrator.check_schema = on;
SELECT value FROM migrator.metrics WHERE name = 'migrator_drift_objects' AND labels->>'service' = 'default';
RESET migrator.check_schema;
-- what is slow
SET migrator.slow_threshold = '0ms';
SELECT labels, value FROM migrator.metrics WHERE name = 'migrator_migrations_slow';
RESET migrator.slow_threshold;
-- a source that cannot be read: what is pending is not known
CALL files.run('mv m/e m/gone');
SELECT labels, value FROM migrator.metrics WHERE name IN ('migrator_migrations_pending', 'migrator_migrations_failed');
CALL files.run('mv m/gone m/e');
-- text: HELP and TYPE once for each family and before its samples, and the same numbers as the view
CREATE TEMPORARY TABLE line AS
  SELECT line, row_number() OVER () AS n FROM regexp_split_to_table(migrator.metrics_text(), '\n') AS line;
SELECT replace(line, migrator.version(), 'VERSION') AS line FROM line WHERE line !~ '(timestamp|duration)_seconds' ORDER BY n;
SELECT line ~ '^# HELP' AS help, count(*) = count(DISTINCT split_part(line, ' ', 3)) AS once FROM line WHERE line LIKE '#%' GROUP BY 1;
SELECT count(*) AS samples, count(*) FILTER (WHERE line !~ '^[a-z_]+\{([a-z]+="[^"]*",?)+\} [-+0-9.e]+$') AS odd
  FROM line WHERE line !~ '^#' AND line <> '';
SELECT count(*) FROM line WHERE line <> '' AND line NOT LIKE '#%' EXCEPT SELECT count(*) FROM migrator.metrics;
-- nothing that can be written to
INSERT INTO migrator.metrics VALUES ('x');
-- who may
CREATE ROLE regress_migrator_nobody;
CREATE ROLE regress_migrator_reader;
CREATE ROLE regress_migrator_watcher;
GRANT SELECT ON migrator.metrics TO regress_migrator_reader;
GRANT pg_monitor TO regress_migrator_watcher;
SET ROLE regress_migrator_nobody;
SELECT count(*) FROM migrator.metrics;
SELECT count(*) FROM migrator.metric_rows();
SELECT migrator.metrics_text();
SET ROLE regress_migrator_reader;
SELECT count(*) > 10 FROM migrator.metrics;
SELECT migrator.metrics_text();
SET ROLE regress_migrator_watcher;
SELECT count(*) > 10 FROM migrator.metrics;
SELECT migrator.metrics_text() LIKE '# HELP%';
RESET ROLE;
BEGIN READ ONLY;
SELECT count(*) > 10 FROM migrator.metrics;
COMMIT;
\set ECHO none
CALL files.remove('m');
SET client_min_messages = error;
DROP OWNED BY regress_migrator_nobody, regress_migrator_reader, regress_migrator_watcher;
DROP ROLE regress_migrator_nobody, regress_migrator_reader, regress_migrator_watcher;
