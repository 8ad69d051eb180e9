-- Hooks that fail, and files that are named like hooks and are none: nothing is passed over.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.found AS
  SELECT check_name, severity, file, line, message, hint FROM migrator.validate('m/d') WHERE severity <> 'ok' AND check_name <> 'down_scripts'
    ORDER BY file COLLATE "C", line, check_name COLLATE "C";
CREATE VIEW files.record AS
  SELECT event, version, name, note, statement, line, error_sqlstate, error_message FROM migrator.history ORDER BY id;
CREATE TABLE app.t (what text);

-- names
CALL files.names('m/d', '1_a.sql', '2_b.sql', 'pre_migrate_3.sql', 'pre_migrate_2.sql', 'hooks/pre_migrate_02.sql', 'post_migrate.sql',
  'hooks/post_migrate.sql', 'pre_rollback.sql', 'post_rollback_1.sql', 'Pre_Migrate.sql', 'pre_migrate_1.SQL', 'pre_migrate.py', 'pre_migrate_.sql',
  'pre_migrate', 'pre-migrate.sql', 'premigrate.sql', 'beforeEachMigrate.sql', 'hooks/other.sql', 'hooks/old/pre_migrate.sql', 'sub/pre_migrate.sql',
  'pre_migrate.sh', 'post_migrate_1.sh', 'hooks/pre_migrate_1.sh', 'callbacks/x.sql');
TABLE files.found;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.names('m/d', '1_a.sql', '2_b.sql', 'pre_migrate.sh');
SELECT * FROM migrator.apply('m/d');
SELECT version, outcome FROM migrator.apply('m/d', options => '{"ignore": "*.sh"}');
CALL files.names('m/d', '1_a.sql', 'pre_migrate_7.sql');
SELECT * FROM migrator.apply('m/d');
CALL files.names('m/d', '1_a.sql', '2_b.sql', 'pre_migrate_1.sql', 'hooks/pre_migrate_01.sql');
SELECT * FROM migrator.apply('m/d');
SELECT name, state FROM migrator.status('m/d') WHERE state = 'blocked';
CALL files.forget();

-- what a hook must not have, found before anything runs; of a migration that is applied it is a warning
CALL files.make('m/d', '1_a.sql', 'SELECT 1;',
  'pre_migrate.sql', 'SELEC 1;',
  'post_migrate.sql', E'BEGIN;\nSELECT 1;\nCOMMIT;',
  'pre_migrate_1.sql', E'\nCREATE INDEX CONCURRENTLY ON t (a);\nROLLBACK;',
  'post_migrate_1.sql', E'-- migrator: no-transaction\n-- migrator: manual\nVACUUM;');
TABLE files.found;
SELECT * FROM migrator.apply('m/d');
CALL migrator.up('m/d');
CALL files.write('m/d/pre_migrate.sql', 'SELECT 1;');
CALL files.write('m/d/post_migrate.sql', '\xff'::bytea);
CALL files.write('m/d/pre_migrate_1.sql', 'SELECT 1;');
CALL files.write('m/d/post_migrate_1.sql', '\connect other');
TABLE files.found;
SELECT migrator.baseline('m/d');
TABLE files.found;
-- nothing to do: nothing of the hooks stops it
SELECT count(*) FROM migrator.apply('m/d');
CALL files.forget();

-- before the run: nothing is run, whatever on_error says
CREATE TABLE app.t (what text);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO t VALUES (1);', '2_b.sql', 'INSERT INTO t VALUES (2);',
  'pre_migrate.sql', E'INSERT INTO t VALUES (0);\nSELECT 1/0;');
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/d', on_error => 'continue');
SELECT * FROM migrator.apply('m/d', on_error => 'continue', dry_run => true);
CALL migrator.up('m/d', on_error => 'continue');
TABLE app.t;
TABLE files.record;
SELECT kind, outcome, applied, failed, skipped FROM migrator.runs ORDER BY run_id;
SELECT version, state FROM migrator.status('m/d');
CALL files.forget();

-- before and after a migration: its failure, and all of it is undone
CREATE TABLE app.t (what text);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO t VALUES (1);', '2_b.sql', 'INSERT INTO t VALUES (2);', '3_c.sql', 'INSERT INTO t VALUES (3);',
  'pre_migrate_2.sql', E'INSERT INTO t VALUES (''pre 2'');\n\nSELECT 1/0;', 'post_migrate_3.sql', E'INSERT INTO t VALUES (''post 3'');SELECT no FROM where_;');
CALL migrator.up('m/d');
TABLE app.t;
SELECT version, state, message FROM migrator.status('m/d');
CALL migrator.up('m/d', on_error => 'continue');
TABLE app.t;
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT * FROM migrator.apply('m/d', versions => '{3}');
TABLE files.record;
SELECT kind, outcome, applied, failed, skipped FROM migrator.runs ORDER BY run_id;
CALL files.forget();

-- after one that runs part by part: it stays, the failure is on record and the run ends with it
CREATE TABLE app.t (what text);
CALL files.make('m/d', '1_a.sql', E'-- migrator: no-transaction\nINSERT INTO t VALUES (1);', '2_b.sql', 'INSERT INTO t VALUES (2);',
  'post_migrate_1.sql', E'INSERT INTO t VALUES (''post 1'');\nSELECT 1/0;');
CALL migrator.up('m/d');
TABLE app.t;
SELECT version, state, message FROM migrator.status('m/d');
TABLE files.record;
SELECT kind, outcome, applied, failed, skipped FROM migrator.runs ORDER BY run_id;
CALL files.forget();
CREATE TABLE app.t (what text);
CALL migrator.up('m/d', on_error => 'continue');
TABLE app.t;
-- before it: the migration's failure
CALL files.forget();
CREATE TABLE app.t (what text);
CALL files.make('m/d', '1_a.sql', E'-- migrator: no-transaction\nINSERT INTO t VALUES (1);', 'pre_migrate_1.sql', 'SELECT 1/0;');
CALL migrator.up('m/d');
TABLE app.t;
SELECT version, state, message FROM migrator.status('m/d');
TABLE files.record;
CALL files.forget();

-- after the run: of apply() nothing stays, of up() all
CREATE TABLE app.t (what text);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO t VALUES (1);', '2_b.sql', 'INSERT INTO t VALUES (2);',
  'post_migrate.sql', E'INSERT INTO t VALUES (''post'');\nSELECT 1/0;');
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/d', on_error => 'continue');
TABLE app.t;
CALL migrator.up('m/d');
TABLE app.t;
SELECT version, state FROM migrator.status('m/d');
TABLE files.record;
SELECT kind, outcome, applied, failed, skipped FROM migrator.runs ORDER BY run_id;
CALL files.forget();
-- none after a run that failed
CREATE TABLE app.t (what text);
CALL files.make('m/d', '1_a.sql', 'SELECT 1/0;', '2_b.sql', 'INSERT INTO t VALUES (2);', 'post_migrate.sql', 'INSERT INTO t VALUES (''post'');');
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue');
TABLE app.t;
CALL files.forget();

-- a hook that calls migrator, releases the locks, leaves a deferred constraint broken, or is changed under way
CREATE TABLE app.t (what text PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', 'pre_migrate.sql', $$SELECT * FROM migrator.apply('m/d');$$);
CALL migrator.up('m/d');
CALL files.write('m/d/pre_migrate.sql', $$INSERT INTO t VALUES (1), (1);$$);
SELECT * FROM migrator.apply('m/d');
CALL migrator.up('m/d');
CALL files.make('m/w', '1_a.sql', 'SELECT 1;', 'post_migrate_1.sql', 'SELECT 1;',
  'pre_migrate.sql', $$CALL files.write('m/w/post_migrate_1.sql', 'DROP TABLE t;');$$);
SELECT files.error($$SELECT * FROM migrator.apply('m/w')$$);
CALL files.forget();
-- lock_retries: an attempt is hooks and script together
SET migrator.lock_retries = 2;
CREATE SEQUENCE app.attempts;
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE u (a int);', 'pre_migrate_1.sql', 'CREATE TABLE v (a int);',
  'post_migrate_1.sql', $$DO 'BEGIN IF nextval(''app.attempts'') < 3 THEN RAISE EXCEPTION USING ERRCODE = ''55P03'', MESSAGE = ''no lock''; END IF; END';$$);
CALL migrator.up('m/d') \g /dev/null
SELECT last_value FROM app.attempts;
SELECT event, version, name, note FROM files.record;
RESET migrator.lock_retries;
-- migration_timeout: the hooks of a migration are a part of its time
CALL files.forget();
SET migrator.migration_timeout = '300ms';
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', E'-- migrator: no-transaction\nSELECT 1;', '3_c.sql', 'SELECT 1;',
  'pre_migrate_1.sql', 'SELECT pg_sleep(60);', 'post_migrate_2.sql', 'SELECT pg_sleep(60);', 'post_migrate_3.sql', 'SELECT pg_sleep(60);');
CALL migrator.up('m/d', on_error => 'continue');
SELECT version, state FROM migrator.status('m/d');
SELECT event, version, name, note, error_sqlstate, error_message FROM files.record;
RESET migrator.migration_timeout;
