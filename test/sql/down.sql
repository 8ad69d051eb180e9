-- CALL migrator.down(): back, each migration in a transaction of its own.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.shown(result jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', result->>'outcome', concat_ws('/', result->>'rolled_back', result->>'failed', result->>'total', result->>'selected'),
                   (SELECT string_agg((m->>'version') || '=' || (m->>'outcome'), ' ' ORDER BY n)
                     FROM jsonb_array_elements(result->'migrations') WITH ORDINALITY e(m, n)))
$$;
\set shown 'SELECT files.shown(:\'result\');'
CREATE VIEW files.on_record AS SELECT version, state, direction, statement_total AS total, statement_done AS done, statement_started AS started,
  resume_state IS NOT NULL AS resumes, run_id, error_sqlstate FROM migrator.migrations ORDER BY version;
CREATE VIEW files.log AS SELECT run_id, event, version, statement, line, error_sqlstate, note FROM migrator.history ORDER BY id;
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a(i int PRIMARY KEY);', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', 'CREATE TABLE b(i int);', '2_b.down.sql', 'DROP TABLE b;',
  '3_c.up.sql', 'CREATE INDEX CONCURRENTLY b_i ON b(i);', '3_c.down.sql', 'DROP INDEX CONCURRENTLY b_i;');
CALL migrator.up('m/d') \g /dev/null
CALL migrator.down('m/d', steps => 2, options => '{"verbose": true}') \gset
:shown
TABLE files.on_record;
TABLE files.log;
SELECT run_id, kind, outcome, total, applied, failed, finished_at IS NOT NULL AS finished FROM migrator.runs ORDER BY run_id;
CALL migrator.up('m/d') \g /dev/null
CALL migrator.down('m/d', target => '', options => '{"verbose": true}') \gset
:shown
CALL migrator.down('m/d', options => '{"verbose": true}') \gset
:shown
CALL migrator.down('m/d') \gset
SELECT :'result'::jsonb ? 'migrations';

-- In a transaction block it cannot be, nor what refuses one in rollback().
CALL migrator.up('m/d') \g /dev/null
BEGIN;
CALL migrator.down('m/d');
ROLLBACK;
DO $$ DECLARE r jsonb; BEGIN CALL migrator.down('m/d', result => r); END $$;
SELECT * FROM migrator.rollback('m/d');
SELECT version, outcome, message FROM migrator.rollback('m/d', steps => 3, dry_run => true);

-- What came before a failure stays rolled back; what failed is applied as before.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', 'CREATE TABLE b();', '2_b.down.sql', E'DROP TABLE b;\nSELECT 1/0;',
  '3_c.up.sql', 'CREATE TABLE c();', '3_c.down.sql', 'DROP TABLE c;');
CALL migrator.up('m/d') \g /dev/null
CALL migrator.down('m/d', target => '');
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c');
TABLE files.on_record;
TABLE files.log;
SELECT kind, outcome, applied, failed, skipped FROM migrator.runs ORDER BY run_id;
SELECT version, state, message FROM migrator.status('m/d');

-- Part by part: what is done is done; up() lets it alone, and down() goes on.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', 'CREATE TABLE b(i int);', '2_b.down.sql',
    E'-- migrator: no-transaction\n-- migrator: require SELECT NOT EXISTS (SELECT FROM b)\nSET work_mem = ''1MB'';\nINSERT INTO a VALUES (1);\n'
    'DROP TABLE b;\nINSERT INTO a SELECT 2 FROM a LIMIT 1 + current_setting(''regress.go'')::int;\n'
    'INSERT INTO a SELECT 3 WHERE current_setting(''work_mem'') = ''1MB'';');
CALL migrator.up('m/d') \g /dev/null
CALL migrator.down('m/d');
TABLE files.on_record;
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT migrator.is_current('m/d');
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1}');
SELECT * FROM migrator.rollback('m/d');
SET regress.go = 0;
-- another script will not do
CALL files.write('m/d/2_b.down.sql', 'SELECT 1;');
CALL migrator.down('m/d', options => '{"down_source": "file"}');
CALL migrator.down('m/d', target => '', options => '{"verbose": true}') \gset
:shown
TABLE files.on_record;
SHOW work_mem;
TABLE files.log;
RESET regress.go;
-- a failure before the first part is done leaves it applied
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', E'-- migrator: no-transaction\nCREATE TABLE a(i int); SELECT 2;',
  '1_a.down.sql', E'-- migrator: no-transaction\n-- migrator: require SELECT count(*) = 0 FROM a\nDROP TABLE nosuch; DROP TABLE a;');
CALL migrator.up('m/d') \g /dev/null
TABLE files.on_record;
CALL migrator.down('m/d');
TABLE files.on_record;
INSERT INTO a VALUES (1);
CALL migrator.down('m/d');
TABLE files.on_record;
TABLE files.log;
-- resolve() ends what is half-way
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a(i int);',
  '1_a.down.sql', E'-- migrator: no-transaction\nDROP TABLE a; SELECT 1/0;');
CALL migrator.up('m/d') \g /dev/null
CALL migrator.down('m/d');
SELECT migrator.resolve('1', 'rolled_back', source => 'm/d');
TABLE files.on_record;
CALL migrator.up('m/d') \g /dev/null
CALL migrator.down('m/d');
SELECT migrator.resolve('1', 'pending', source => 'm/d');
TABLE files.on_record;

-- Of a run that was to be undone, what is partly rolled back is still a part.
CALL files.forget();
DROP TABLE IF EXISTS a, b;
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', 'CREATE TABLE b();', '2_b.down.sql', E'-- migrator: no-transaction\nALTER TABLE b ADD i int; SELECT 1/0; DROP TABLE b;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SELECT (:'result'::jsonb->>'run_id')::bigint AS run \gset
CALL migrator.down('m/d', options => jsonb_build_object('run_id', :run));
CALL migrator.down('m/d', options => jsonb_build_object('run_id', :run));
SELECT version, state, direction, statement_done AS done FROM migrator.migrations ORDER BY version;
-- also when somebody says that it is applied as before
SELECT migrator.resolve('2', 'applied', note => 'by hand', source => 'm/d');
SELECT version, state, direction, run_id = :run AS of_run FROM migrator.migrations ORDER BY version;
DROP TABLE a, b;

-- One that is half-way up is up()'s.
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', E'-- migrator: no-transaction\nCREATE TABLE b(); SELECT 1/0;', '2_b.down.sql', 'DROP TABLE b;');
CALL migrator.up('m/d');
CALL migrator.down('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.down('m/d', versions => '{2}');
SELECT * FROM migrator.rollback('m/d', target => '');

-- Hooks of the way back, in files and as functions; current_run() tells them.
CALL files.forget();
CREATE TABLE files.seen (n int GENERATED ALWAYS AS IDENTITY, what text, run text);
CREATE FUNCTION files.note(what text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO files.seen (what, run) SELECT what, (SELECT concat_ws(' ', kind, direction, coalesce(version, '-'), file) FROM migrator.current_run()) $$;
CALL files.make('m/d',
  '000001_a.up.sql', 'CREATE TABLE a();', '000001_a.down.sql', 'DROP TABLE a;',
  '000002_b.up.sql', 'CREATE TABLE b();', '000002_b.down.sql', E'-- migrator: no-transaction\nDROP TABLE b;',
  'pre_migrate.sql', $$SELECT files.note('pre_migrate');$$,
  'pre_rollback.sql', $$SELECT files.note('pre_rollback');$$,
  'post_rollback.sql', $$SELECT files.note('post_rollback');$$,
  'pre_rollback_1.sql', $$SELECT files.note('pre_rollback 1');$$,
  'hooks/post_rollback_000001.sql', $$SELECT files.note('post_rollback 1');$$,
  'pre_rollback_000002.sql', $$SELECT files.note('pre_rollback 2');$$,
  'post_rollback_000002.sql', $$SELECT files.note('post_rollback 2');$$);
CREATE FUNCTION app.on_back() RETURNS void LANGUAGE sql AS $$ SELECT files.note('on_back') $$;
CREATE FUNCTION app.on_run() RETURNS void LANGUAGE sql AS $$ SELECT files.note('on_run') $$;
SELECT migrator.add_hook('pre_rollback', 'app.on_back()'), migrator.add_hook('post_rollback', 'app.on_back()'), migrator.add_hook('pre_run', 'app.on_run()'),
  migrator.add_hook('rollback', 'app.on_back()');
SELECT migrator.add_hook('pre_rollback', 'app.on_back()'), migrator.add_hook('post_rollback', 'app.on_back()'), migrator.add_hook('pre_run', 'app.on_run()');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE severity NOT IN ('ok', 'info');
CALL migrator.up('m/d') \g /dev/null
SELECT what, run FROM files.seen ORDER BY n;
TRUNCATE files.seen;
CALL migrator.down('m/d', target => '') \g /dev/null
SELECT what, run FROM files.seen ORDER BY n;
SELECT event, version, name, note FROM migrator.history WHERE event = 'hook' AND run_id = 2 ORDER BY id;
TRUNCATE files.seen;
CALL migrator.up('m/d') \g /dev/null
TRUNCATE files.seen;
-- the failure of a hook is its migration's
CALL files.write('m/d/000001_a.down.sql', 'DROP TABLE a;');
CALL files.write('m/d/pre_rollback_1.sql', 'SELECT 1/0;');
CALL migrator.down('m/d', target => '');
SELECT what, run FROM files.seen ORDER BY n;
TABLE files.on_record;
CALL files.write('m/d/pre_rollback_1.sh', 'true');
CALL migrator.down('m/d', target => '');
CALL migrator.up('m/d') \g /dev/null
TRUNCATE migrator.hooks;

-- A hook behind what went part by part: that stays rolled back, and the run ends.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'DROP TABLE a;', 'post_rollback_2.sql', 'SELECT 1/0',
  '2_b.up.sql', 'CREATE TABLE b(i int);', '2_b.down.sql', E'-- migrator: no-transaction\nDROP TABLE b;');
CALL migrator.up('m/d') \g /dev/null
CALL migrator.down('m/d', target => '');
TABLE files.on_record;
TABLE files.log;

-- A migration has its time on its way back, too; what is cancelled is applied as before.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'SELECT pg_sleep(60); DROP TABLE a;',
  '2_b.up.sql', 'CREATE TABLE b(i int);', '2_b.down.sql', E'-- migrator: no-transaction\nDROP TABLE b; SELECT pg_sleep(60);');
CALL migrator.up('m/d') \g /dev/null
SET migrator.migration_timeout = '200ms';
CALL migrator.down('m/d');
TABLE files.on_record;
SELECT migrator.resolve('2', 'rolled_back', source => 'm/d');
CALL migrator.down('m/d');
TABLE files.on_record;
RESET migrator.migration_timeout;

-- There and back in one transaction with one snapshot.
CALL files.write('m/d/1_a.down.sql', 'DROP TABLE a;');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"down_source": "file"}');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1}');
SELECT version, outcome FROM migrator.rollback('m/d');
COMMIT;
SELECT to_regclass('a');
BEGIN READ ONLY;
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"run_id": 1}');
ROLLBACK;

-- Policy is asked as on the way up: approval of the down script, a window, a backup, destructive statements.
CALL files.forget();
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;');
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": false}');
CALL migrator.up() \g /dev/null
CALL migrator.down();
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": null, "backup_required": true}');
CALL migrator.down();
SELECT migrator.register('default', 'm/d', options => '{"backup_required": null, "maintenance_window_required": true}');
CALL migrator.down();
SELECT migrator.register('default', 'm/d', options => '{"maintenance_window_required": null, "require_approval": true}');
CALL migrator.down();
SET client_min_messages = notice;
SELECT migrator.approve('1');
SET client_min_messages = warning;
CALL migrator.down(options => '{"verbose": true}') \gset
:shown
SELECT version, run_id FROM migrator.approvals;
CALL migrator.up();
