-- Environments: folders, which of their files run, and which environment it is.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d',
  'common/000001_initial.up.sql', 'CREATE TABLE one();', 'common/000001_initial.down.sql', 'DROP TABLE one;',
  'common/000002_core.up.sql', 'CREATE TABLE two();',
  'development/000003_dev_data.up.sql', 'CREATE TABLE three();', 'development/000003_dev_data.down.sql', 'DROP TABLE three;',
  'development/000004_debug_indexes.up.sql', 'CREATE TABLE four();',
  'staging/000005_perf_indexes.up.sql', 'CREATE TABLE five();',
  'production/000006_prod_optimizations.up.sql', 'CREATE TABLE six();');

-- None is chosen: nothing runs, and what is wrong is said.
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT severity, message, hint FROM migrator.validate('m/d') WHERE check_name = 'environments';
SELECT version, name, state, flags FROM migrator.status('m/d');
SELECT version FROM migrator.pending('m/d');
SELECT migrator.is_current('m/d');
-- One that is not there.
SELECT * FROM migrator.apply('m/d', environment => 'prod');
\echo :LAST_ERROR_SQLSTATE
-- common is none
SELECT * FROM migrator.apply('m/d', environment => 'common');
SELECT * FROM migrator.apply('m/d', environment => 'No');

-- One is chosen: its files and everybody's.
SELECT version, name, file FROM migrator.pending('m/d', environment => 'staging');
SELECT version, outcome FROM migrator.apply('m/d', environment => 'production', dry_run => true);
TABLE migrator.service_state;
SELECT version, name, outcome FROM migrator.apply('m/d', environment => 'development');
SELECT version, state, flags, environment, message FROM migrator.status('m/d', environment => 'development');
SELECT service, environment, stamped_by FROM migrator.service_state;
SELECT version, file, environment FROM migrator.migrations ORDER BY version;
SELECT kind, environment, total, applied FROM migrator.runs;
SELECT s - 'appliedMigrations', s -> 'appliedMigrations' -> 3 ->> 'name' FROM migrator.summary('m/d') s;
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE severity <> 'ok';

-- The stamp: who names none gets it, and another one is refused.
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/d', environment => 'production');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d', environment => 'production');
SELECT version FROM migrator.pending('m/d', environment => 'production');
SELECT migrator.is_current('m/d', environment => 'production');
SELECT migrator.is_current('m/d');
SELECT name, value, origin FROM migrator.settings('m/d') WHERE name = 'environment';
-- looking at another one is no run
SELECT version, state, flags FROM migrator.status('m/d', environment => 'production');
SELECT severity, message FROM migrator.validate('m/d', environment => 'production') WHERE check_name = 'environments';
-- it is changed by set_environment()
SELECT migrator.set_environment('development');
SELECT migrator.set_environment('Development');
SELECT migrator.set_environment('staging', note => 'this was a mistake');
SELECT event, environment, note FROM migrator.history WHERE event = 'environment';
SELECT version, state, flags FROM migrator.status('m/d');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb - 'duration_ms';
SELECT version, state, flags FROM migrator.status('m/d');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE severity IN ('warning', 'error');
