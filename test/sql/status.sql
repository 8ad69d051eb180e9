-- status(), pending(), summary(): states, flags, columns.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- nothing known at all
SELECT * FROM migrator.status();
SELECT * FROM migrator.pending();
SELECT migrator.summary();
SELECT * FROM migrator.status(NULL, NULL, NULL);
SELECT * FROM migrator.status('m/nowhere');

CALL files.make('m/d', '1_a.sql', E'-- The first table.\n-- It has one column.\n\n-- Not part of it.\nCREATE TABLE a(i int);',
  '2_b.sql', E'/* By hand:\n * after the release. */\n-- migrator: manual\nSELECT 2;',
  '3_c.sql', 'SELECT 1/0;', '4_d.sql', 'VACUUM;', '5_e.sql', E'-- migrator: irreversible\nSELECT 5;', '6_f.sql', 'SELEC 6;');
-- a broken script is pending, too: reading raises nothing
SELECT service, version, name, state, flags, applied_at, execution_time_ms, applied_by, environment, length(checksum) AS checksum,
  message IS NULL AS quiet FROM migrator.status('m/d');
SELECT * FROM migrator.pending('m/d');
SELECT jsonb_pretty(migrator.summary('m/d'));
CALL files.remove('m/d/6_f.sql');
CALL files.remove('m/d/4_d.sql');
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue', environment => 'staging');
SELECT service, version, name, state, flags, applied_at <= clock_timestamp() AS applied, execution_time_ms >= 0 AS timed, applied_by,
  environment, length(checksum) AS checksum, message FROM migrator.status('m/d');
-- taken by hand, baseline, missing, modified, late: all flags that can be
SELECT migrator.register('default', 'm/d') \g /dev/null
CALL files.write('m/d/7_g.sql', 'SELECT 7;');
CALL files.write('m/d/9_i.sql', 'SELECT 9;');
SELECT migrator.baseline('m/d', version => '9');
SELECT migrator.resolve('9', 'rolled_back') \g /dev/null
CALL files.write('m/d/4_d.sql', 'VACUUM;');
CALL files.write('m/d/1_a.sql', 'CREATE TABLE a(i bigint);');
CALL files.write('m/d/5_e.sql', E'-- migrator: irreversible\n\nselect 5');
CALL files.remove('m/d/7_g.sql');
SELECT version, state, flags, message FROM migrator.status();
-- a failed one is no longer applied: it counts as pending, and as failed in the summary
SELECT version, transactional FROM migrator.pending();
SELECT s - 'appliedMigrations' AS summary, (SELECT jsonb_agg(a - 'appliedAt' - 'executionTime') FROM jsonb_array_elements(s -> 'appliedMigrations') a)
  AS applied FROM migrator.summary() s;
-- times as S4's runner wrote them: UTC with milliseconds, whatever the session's zone
SET timezone = 'Asia/Kolkata';
SELECT a ->> 'appliedAt' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$' AS form,
  abs(extract(epoch FROM now() - (a ->> 'appliedAt')::timestamptz)) < 3600 AS right_time,
       jsonb_typeof(a -> 'executionTime') AS time FROM migrator.summary() s, jsonb_array_elements(s -> 'appliedMigrations') a WHERE a ->> 'name' = '1_a';
RESET timezone;
-- the record alone, when the source is not given and not registered
SELECT migrator.unregister('default') \g /dev/null
SELECT version, state, flags FROM migrator.status();
-- names of the golden files: stems and folders
CALL files.forget();
CALL files.names('m/d', '20240101000000_init/migration.sql', '20240102000000_more/migration.sql');
SELECT migrator.summary('m/d') -> 'pendingMigrations';
SELECT version FROM migrator.apply('m/d');
SELECT migration_name FROM migrator.schema_migrations ORDER BY 1;
CALL files.forget();
CALL files.names('m/d', '20250131-a.up.sql', '20250131-a.down.sql', '20250201-b.sql');
SELECT migrator.summary('m/d') -> 'pendingMigrations';
SELECT version FROM migrator.apply('m/d');
SELECT migration_name FROM migrator.schema_migrations ORDER BY 1;
-- a service is one, its neighbours are not seen
SELECT version, state FROM migrator.status('m/d', 'neighbour');
SELECT * FROM migrator.status(service => 'neighbour');
-- refused
SELECT * FROM migrator.status('m/d', 'No');
SELECT * FROM migrator.status('m/d', environment => 'No');
-- what is running, or was interrupted
INSERT INTO migrator.migrations (service, version, state) VALUES ('default', '20250202-c', 'running');
SELECT version, state FROM migrator.status();
CALL files.names('m/d', '20250131-a.up.sql', '20250201-b.sql', '20250202-c.sql');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version FROM migrator.pending('m/d');
SELECT version FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.is_current('m/d');
