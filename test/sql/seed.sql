-- seed(): seed.sql in the caller's transaction, as often as called.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.record AS SELECT event, version, name, run_id, environment, checksum IS NOT NULL AS checksum, error_message FROM migrator.history ORDER BY id;
CREATE TABLE app.t (what text);
CALL files.make('m/d', '1_a.sql', 'SELECT 1;',
  'seed.sql', $$INSERT INTO app.t SELECT concat_ws(' ', kind, service, run_id, version, file) FROM migrator.current_run();$$);
SELECT service, file, outcome, execution_time_ms >= 0 AS timed, message FROM migrator.seed('m/d');
SELECT file, outcome FROM migrator.seed('m/d', 'other');
TABLE app.t;
TABLE files.record;
-- a run does not run it, nor stop for it
CALL files.write('m/d/seed.sql', 'SELEC;');
CALL migrator.up('m/d') \g /dev/null
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE severity NOT IN ('ok', 'info');
SELECT * FROM migrator.seed('m/d');
SELECT count(*) FROM app.t;
-- in the caller's transaction, under the lock
BEGIN;
CALL files.write('m/d/seed.sql', $$INSERT INTO app.t VALUES ('undone'); SET LOCAL work_mem = '1MB';$$);
SELECT file, outcome FROM migrator.seed('m/d');
SELECT count(*) FROM app.t;
SELECT mode, state FROM migrator.locks WHERE service = 'default';
ROLLBACK;
SELECT count(*) FROM app.t;
SET migrator.enabled = off;
SELECT * FROM migrator.seed('m/d');
RESET migrator.enabled;
-- one that fails
CALL files.write('m/d/seed.sql', E'INSERT INTO app.t VALUES (1);\nSELECT 1/0;');
SELECT * FROM migrator.seed('m/d');
CALL files.write('m/d/seed.sql', E'BEGIN;\nINSERT INTO app.t VALUES (1);\nCOMMIT;');
SELECT * FROM migrator.seed('m/d');
CALL files.write('m/d/seed.sql', E'SELECT * FROM migrator.seed(''m/d'');');
SELECT * FROM migrator.seed('m/d');
SELECT count(*) FROM app.t;
-- none
CALL files.remove('m/d/seed.sql');
SELECT * FROM migrator.seed('m/d');
SELECT * FROM migrator.seed();
CALL files.write('m/d/seed.sql', 'SELECT 1;');
CALL files.write('m/d/1_b.sql', 'SELECT 1;');
SELECT * FROM migrator.seed('m/d');

-- by environment
CALL files.make('m/e', 'common/1_a.sql', 'SELECT 1;', 'development/2_b.sql', 'SELECT 1;', 'production/3_c.sql', 'SELECT 1;',
  'common/seed.sql', $$INSERT INTO app.t VALUES ('common');$$, 'development/seed.sql', $$INSERT INTO app.t VALUES ('development');$$,
  'production/seed.sql', $$INSERT INTO app.t VALUES ('production');$$);
TRUNCATE app.t;
SELECT file, outcome FROM migrator.seed('m/e', 'shop', 'development');
TABLE app.t;
SELECT file, outcome FROM migrator.seed('m/e', 'shop');
-- that of the stamp, and no other
CALL migrator.up('m/e', 'shop', environment => 'production') \g /dev/null
SELECT file, outcome FROM migrator.seed('m/e', 'shop');
SELECT * FROM migrator.seed('m/e', 'shop', 'development');
-- all services
SELECT migrator.register('one', 'm/e', 'production');
SELECT migrator.register('two', 'm/e', 'development');
SELECT service, file, outcome FROM migrator.seed(service => '*');
-- most services have no seeds
CALL files.make('m/none', '1_a.sql', 'SELECT 1;');
SELECT migrator.register('none', 'm/none');
SELECT service, file, outcome, message FROM migrator.seed(service => '*');
SELECT * FROM migrator.seed(service => 'none');

-- whose service it is not
CREATE ROLE regress_migrator_seed;
SELECT has_function_privilege('regress_migrator_seed', 'migrator.seed(text, text, text, jsonb)', 'EXECUTE');
GRANT EXECUTE ON FUNCTION migrator.seed TO regress_migrator_seed;
SELECT migrator.register('one', 'm/e', 'production', options => '{"roles": ["pg_monitor"]}');
SET ROLE regress_migrator_seed;
SELECT * FROM migrator.seed(service => 'one');
RESET ROLE;
SET transaction_read_only = on;
SET default_transaction_read_only = on;
SELECT * FROM migrator.seed(service => 'one');
SET default_transaction_read_only = off;
DROP OWNED BY regress_migrator_seed;
DROP ROLE regress_migrator_seed;
