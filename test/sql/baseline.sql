-- baseline(): a database that has the schema already.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.up.sql', E'-- Accounts.\nCREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;', '2_b.up.sql',
  'CREATE TABLE b();', '3_c.up.sql', 'VACUUM;', '10_d.up.sql', 'CREATE TABLE d();');
-- up to a version
SELECT migrator.baseline('m/d', version => '0002');
SELECT version, state, flags, execution_time_ms FROM migrator.status('m/d');
SELECT version, name, file, layout, state, description, down_script, baseline, non_transactional, length(checksum) AS checksum,
  applied_at <= clock_timestamp() AS applied, applied_by, statement_total FROM migrator.migrations ORDER BY 1;
SELECT kind, outcome, total, applied, failed FROM migrator.runs;
SELECT version, event, run_id FROM migrator.history ORDER BY id;
SELECT to_regclass('a'), to_regclass('b');
-- again: nothing to do
SELECT migrator.baseline('m/d', version => '2');
-- the rest runs as usual, up to what cannot
SELECT version, outcome FROM migrator.apply('m/d', target => '2');
-- all of them only where nothing is on record: what is new here has not been run
SELECT migrator.baseline('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.baseline('m/d', version => '10');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT * FROM migrator.apply('m/d');
SELECT migrator.is_current('m/d');
SELECT migrator.baseline('m/d', version => '10');
-- migration_performance has times of runs only
SELECT count(*) FROM migrator.migration_performance;
SELECT migration_name, status, execution_time_ms FROM migrator.schema_migrations ORDER BY 1;
-- a baselined file that changes is modified as any other
CALL files.write('m/d/2_b.up.sql', 'CREATE TABLE bb();');
SELECT version, flags FROM migrator.status('m/d');
-- a failed one becomes applied; a syntax error is no matter, for it is not run
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1/0;', '2_b.sql', 'SELEC 2;', '3_c.sql', '');
SELECT version, outcome FROM migrator.apply('m/d', target => '1', on_error => 'continue');
-- a failure is history, too
SELECT migrator.baseline('m/d');
SELECT migrator.baseline('m/d', version => '3');
SELECT version, state, flags, message FROM migrator.status('m/d');
-- a service of its own, and the environment
SELECT migrator.baseline('m/d', 'other', '1', environment => 'test');
SELECT service, version, environment FROM migrator.migrations ORDER BY 1, 2;
-- dated: up to a day
CALL files.names('m/d', '20250131-a.sql', '20250202-a.sql', '20250202-b.sql', '20250203-a.sql');
SELECT migrator.baseline('m/d', 'dated', '20250202');
SELECT version, state FROM migrator.status('m/d', 'dated');
-- ROLLBACK
BEGIN;
SELECT migrator.baseline('m/d', 'undone');
ROLLBACK;
SELECT count(*) FROM migrator.migrations WHERE service = 'undone';
-- refused
SELECT migrator.baseline(NULL);
SELECT migrator.baseline('m/nowhere');
SELECT migrator.baseline('m/d', 'dated', version => '2026');
SELECT migrator.baseline('m/d', 'dated', version => '');
SELECT migrator.baseline('m/d', 'No');
SELECT migrator.baseline('m/d', 'other', '1', 'No');
SELECT migrator.baseline('m/d', 'other', '1', options => '{"layout": "dated"}');
SELECT migrator.baseline('m/d', 'other', '1', options => '{"ignore": "["}');
SELECT migrator.baseline('m/d', 'other', '1', options => '{"nosuch": true}');
SELECT migrator.baseline('m/d', 'other', '1', options => '[]');
BEGIN READ ONLY;
SELECT migrator.baseline('m/d');
ROLLBACK;
CALL files.run('ln -s nowhere m/d/20250204-x.sql');
SELECT files.error($$SELECT migrator.baseline('m/d', 'broken')$$);
SELECT count(*) FROM migrator.migrations WHERE service = 'broken';
-- what stops a run of the source stops this, too; options as those of a run
CALL files.names('m/i', '1_a.sql', '2_b.go', '3_c.sql');
SELECT migrator.baseline('m/i', 'ignoring');
SELECT migrator.baseline('m/i', 'ignoring', options => '{"ignore": "*.go"}');
CALL files.names('m/n', '1_a.sql', '9_z.sql');
SELECT migrator.register('ours', 'm/n') \g /dev/null
SELECT migrator.baseline('m/n', 'ours', '1');
SELECT migrator.baseline('m/i', 'ours', '3', options => '{"ignore": "*.go"}');
SELECT migrator.baseline('m/i', 'ours', '3', options => '{"ignore": "*.go", "force": true}');
SELECT version, file FROM migrator.migrations WHERE service IN ('ignoring', 'ours') ORDER BY service, version;
