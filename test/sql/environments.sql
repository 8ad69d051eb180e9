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
CALL migrator.up('m/d') \gset
SELECT :'result'::jsonb - 'duration_ms';
SELECT version, state, flags FROM migrator.status('m/d');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE severity IN ('warning', 'error');

-- Taken away, the next run says it anew.
SELECT migrator.set_environment(NULL, note => 'anew');
SELECT migrator.set_environment(NULL);
SELECT environment, note FROM migrator.history WHERE event = 'environment' ORDER BY id;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT version FROM migrator.apply('m/d', environment => 'production');
SELECT environment FROM migrator.service_state;
-- What is of another environment is not to be had by name either.
SELECT * FROM migrator.apply('m/d', versions => '{000003}');
SELECT version, outcome FROM migrator.apply('m/d', target => '000005', dry_run => true);
CALL files.write('m/d/staging/000007_more.up.sql', 'SELECT 7;');
SELECT * FROM migrator.apply('m/d', versions => '{000007}');
SELECT migrator.resolve('000007', 'applied', source => 'm/d');
SELECT migrator.approve('000007', source => 'm/d');
SELECT migrator.accept('000003', source => 'm/d');
SELECT migrator.resolve('000003', 'pending', source => 'm/d');
SELECT version, state, flags FROM migrator.status('m/d') WHERE version IN ('000003', '000007');
-- nor does it count as missing, modified or late, or has to be readable
CALL files.write('m/d/development/000004_debug_indexes.up.sql', '\xff'::bytea);
CALL files.write('m/d/staging/000007_more.up.sql', 'SYNTAX ERROR');
SELECT version FROM migrator.apply('m/d');
SELECT check_name, severity, version FROM migrator.validate('m/d') WHERE severity IN ('warning', 'error');
SELECT version, state, flags FROM migrator.status('m/d');

-- Who decides: the setting, then the registration; an argument may only say the same.
CALL files.forget();
CALL files.names('m/d', 'common/1_a.sql', 'development/2_b.sql', 'production/3_c.sql');
SELECT migrator.register('shop', 'm/d', environment => 'production');
SELECT version FROM migrator.pending(service => 'shop');
SELECT version FROM migrator.pending(service => 'shop', environment => 'production');
SELECT * FROM migrator.pending(service => 'shop', environment => 'development');
\echo :LAST_ERROR_SQLSTATE
SET migrator.environment = development;
SELECT version FROM migrator.pending(service => 'shop');
SELECT * FROM migrator.status(service => 'shop', environment => 'production');
RESET migrator.environment;
SELECT migrator.baseline('m/d', 'shop', '1');
SELECT service, environment FROM migrator.service_state;
SET migrator.environment = development;
SELECT files.error($$SELECT * FROM migrator.apply(service => 'shop')$$);
RESET migrator.environment;
-- a registration that says another one is told of it
SET client_min_messages = notice;
SELECT migrator.register('shop', 'm/d', environment => 'development');
SET client_min_messages = warning;
-- the registration goes, and the stamp stays
SELECT migrator.unregister('shop');
SELECT version FROM migrator.apply('m/d', 'shop');
-- a flat source has the stamp, too
CALL files.names('m/flat', '1_a.sql', '2_b.sql');
SELECT version FROM migrator.apply('m/flat', 'flat', target => '1', environment => 'staging');
SELECT version FROM migrator.apply('m/flat', 'flat');
SELECT files.error($$SELECT * FROM migrator.apply('m/flat', 'flat', environment => 'production')$$);
SELECT version, environment FROM migrator.migrations WHERE service = 'flat' ORDER BY version;
SELECT files.error($$SELECT migrator.set_environment('x', '*')$$);

-- Every layout in the folders, one for all of them.
CALL files.forget();
CALL files.names('m/d', 'common/20240101000000_a/migration.sql', 'development/20240102000000_b/migration.sql',
  'production/20240103000000_c/migration.sql');
SELECT version, name, file FROM migrator.pending('m/d', environment => 'development');
CALL files.names('m/d', 'common/2024-01-01-000000_a/up.sql', 'common/2024-01-01-000000_a/down.sql', 'development/2024-01-02-000000_b/up.sql');
SELECT version, name, file FROM migrator.pending('m/d', environment => 'development');
CALL files.names('m/d', '20240101-a.sql', 'common/20240102-b.sql', 'development/20240103-c.sql');
SELECT version, name, file FROM migrator.pending('m/d', environment => 'development');
SELECT version, outcome FROM migrator.apply('m/d', environment => 'development', target => '20240103', dry_run => true);
CALL files.names('m/d', 'common/1_a.sql', 'development/2_b.up.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', environment => 'development')$$);
CALL files.names('m/d', 'environments.json', '20240101_a/migration.sql');
CALL files.write('m/d/environments.json', '{"environments": {"development": {"migrations": ["20240102_b"]}, "staging": {}}}');
CALL files.names('m/e', 'development/20240102_b/migration.sql');
CALL files.run('cp -r m/e/development m/d');
SELECT version, file FROM migrator.pending('m/d', environment => 'staging');
SELECT version, file FROM migrator.pending('m/d', environment => 'development');

-- One numbering.
CALL files.names('m/d', 'common/1_a.up.sql', 'development/01_b.up.sql', 'staging/2_c.up.sql', 'production/2_d.up.sql', 'production/2_d.down.sql');
SELECT severity, message FROM migrator.validate('m/d', environment => 'development') WHERE check_name = 'duplicates';
SELECT severity, message FROM migrator.validate('m/d', environment => 'staging') WHERE check_name = 'duplicates';
SELECT files.error($$SELECT * FROM migrator.apply('m/d', environment => 'development')$$);
SELECT version, file FROM migrator.pending('m/d', environment => 'staging');
SELECT version, file FROM migrator.pending('m/d', environment => 'production');
-- a way back lies where its way up does
CALL files.names('m/d', 'common/1_a.up.sql', 'development/1_a.down.sql', 'staging/1_a.down.sql');
SELECT severity, file, message FROM migrator.validate('m/d', environment => 'development') WHERE check_name IN ('names', 'down_scripts');

-- Names: what is wrong elsewhere stops nothing.
CALL files.names('m/d', 'common/1_a.up.sql', 'development/2_b.up.go', 'development/3_c.undo.sql', 'development/notes.txt',
  'staging/seed.sql', 'production/pre_migrate.sh', 'production/beforeMigrate.sql', 'production/20260199_x.up.sql');
SELECT severity, file, message FROM migrator.validate('m/d', environment => 'staging') WHERE check_name IN ('names', 'hooks') ORDER BY 2;
SELECT version, outcome FROM migrator.apply('m/d', environment => 'staging', dry_run => true);
SELECT files.error($$SELECT * FROM migrator.apply('m/d', environment => 'development')$$);
SELECT files.error($$SELECT * FROM migrator.apply('m/d', environment => 'production')$$);
SELECT name, state FROM migrator.status('m/d', environment => 'development') WHERE version IS NULL;
SELECT name, state FROM migrator.status('m/d', environment => 'staging') WHERE version IS NULL;
-- option ignore, by the path
SELECT version, outcome FROM migrator.apply('m/d', environment => 'development', dry_run => true, options => '{"ignore": ["development/[23]*"]}');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', environment => 'development', options => '{"ignore": ["development"]}')$$);
-- folders inside of folders, and names that are no environment's
CALL files.names('m/d', 'common/1_a.up.sql', 'development/more/2_b.up.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', environment => 'development')$$);
SELECT version FROM migrator.pending('m/d', environment => 'staging');
CALL files.run('mkdir m/d/staging');
SELECT version FROM migrator.pending('m/d', environment => 'staging');
CALL files.names('m/d', 'common/1_a.up.sql', 'development/', 'Staging/2_b.up.sql');
SELECT * FROM migrator.apply('m/d', environment => 'development');
CALL files.names('m/d', 'common/1_a.up.sql', 'development/docs/a.txt', 'Docs/a.txt');
SELECT version, outcome FROM migrator.apply('m/d', environment => 'development', dry_run => true);
SELECT environment, migrations FROM migrator.environments('m/d') GROUP BY 1, 2;

-- Hooks of an environment run in it.
CALL files.forget();
CALL files.make('m/d', 'common/1_a.up.sql', 'CREATE TABLE a();', 'development/2_b.up.sql', 'CREATE TABLE b();',
  'common/post_migrate_1.sql', 'CREATE TABLE after_a();',
  'development/pre_migrate.sql', 'CREATE TABLE before_all AS SELECT environment FROM migrator.current_run();',
  'production/pre_migrate.sql', 'SELECT 1/0;', 'production/post_migrate_1.sql', 'SELECT 1/0;',
  'environments.json', '{"current_environment": "development"}');
SELECT version, outcome FROM migrator.apply('m/d');
TABLE before_all;
SELECT DISTINCT environment, event FROM migrator.history ORDER BY 2;
SELECT relname FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' ORDER BY 1;

-- set_environment() is for those who may act for the service.
CREATE ROLE regress_migrator_eve;
GRANT EXECUTE ON FUNCTION migrator.set_environment TO regress_migrator_eve;
SELECT migrator.register('default', 'm/d', options => '{"roles": ["regress_migrator"]}') FROM (SELECT) x;
SET ROLE regress_migrator_eve;
SELECT migrator.set_environment('production');
UPDATE migrator.service_state SET environment = 'production';
RESET ROLE;
SELECT has_function_privilege('public', 'migrator.set_environment(text, text, text)', 'EXECUTE');
DROP OWNED BY regress_migrator_eve;
DROP ROLE regress_migrator_eve;
