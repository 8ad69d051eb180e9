-- When a migration was applied may be given (src/record/write.c): of what another tool did, that is then. No function does so
-- yet, so a library of the tests does.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SET timezone = 'UTC';
SET datestyle = ISO;
CREATE FUNCTION files.probe_record(service text, version text, applied_at timestamptz, applied_by text) RETURNS void
LANGUAGE C AS 'migrator_probe', 'migrator_probe_record';
SELECT files.probe_record('app', '1', '2019-03-01 12:00:00+00', 'flyway');
SELECT files.probe_record('app', '2', NULL, NULL);
SELECT version, state, CASE WHEN applied_at > now() - interval '1 hour' THEN 'now' ELSE applied_at::text END AS applied_at, applied_by
FROM migrator.migrations ORDER BY version;
SELECT version, event, CASE WHEN at > now() - interval '1 hour' THEN 'now' ELSE at::text END AS at, applied_by, run_as FROM migrator.history ORDER BY id;
-- what is applied stays so, whoever says when
SELECT files.probe_record('app', '1', '2018-01-01 00:00:00+00', 'another');
SELECT applied_at FROM migrator.migrations WHERE version = '1';
-- and is known like any other
SELECT version, state, applied_at FROM migrator.status(service => 'app') WHERE version = '1';
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a ();', '2_b.sql', 'CREATE TABLE b ();', '3_c.sql', 'CREATE TABLE c ();');
SELECT version, outcome FROM migrator.apply('m/d', service => 'app');
SELECT migrator.summary('m/d', service => 'app') #>> '{appliedMigrations,0,appliedAt}' AS applied;
