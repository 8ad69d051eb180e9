-- sqitch's verify scripts: behind each change of a run, and later; what they do is undone.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.plan(VARIADIC lines text[]) RETURNS text LANGUAGE sql AS $$
  SELECT E'%syntax-version=1.0.0\n%project=shop\n\n' ||
    string_agg(line || ' 2013-09-04T13:54:01Z A. Planner <a@example.com>', E'\n') || E'\n' FROM unnest(lines) line
$$;
CREATE FUNCTION files.looked() RETURNS TABLE (version text, verdict text, timed boolean, message text) LANGUAGE sql AS $$
  SELECT version, verdict, execution_time_ms IS NOT NULL, message FROM migrator.verify('m/d')
$$;

CALL files.make('m/d', 'sqitch.plan', files.plan('good', 'bare', '@v1', 'none', 'bad', 'bare', 'last'),
  'deploy/good.sql', E'BEGIN;\nCREATE TABLE app.good (a int, UNIQUE (a) DEFERRABLE INITIALLY DEFERRED);\nCOMMIT;\n', 'revert/good.sql', 'DROP TABLE app.good;',
  'verify/good.sql', E'-- Verify shop:good on pg\n\nBEGIN;\n\n\\set n 1\nSELECT 1/count(*) FROM pg_class WHERE relname = :''table'';
  INSERT INTO app.good VALUES (:n);\n\nROLLBACK;\n',
  'deploy/bare@v1.sql', 'SELECT 1;', 'verify/bare@v1.sql', 'SELECT a FROM app.good WHERE false; SET LOCAL work_mem = ''1MB'';',
  'deploy/none.sql', 'SELECT 1;',
  'deploy/bad.sql', 'CREATE TABLE app.bad (b int);', 'verify/bad.sql', E'BEGIN;\nSELECT b\n  FROM app.bad;\nSELECT c FROM app.bad;\nROLLBACK;\n',
  'deploy/bare.sql', 'SELECT 2;', 'verify/bare.sql', E'ROLLBACK;\n', 'deploy/last.sql', 'SELECT 1;', 'verify/last.sql', E'BEGIN;\nSELECT 1;\nCOMMIT;\n',
  'sqitch.conf', E'[core]\n\tengine = pg\n[verify "variables"]\n\ttable = good\n');
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE severity <> 'ok' AND check_name <> 'down_scripts';

-- Not unless it is asked for; then one that fails undoes its change, in either mode.
SELECT version, outcome FROM migrator.apply('m/d', target => '@v1');
CALL files.write('m/d/revert/bare@v1.sql', 'SELECT 1;');
SELECT version, outcome FROM migrator.rollback('m/d', target => '');
SELECT version, outcome FROM migrator.apply('m/d', options => '{"verify": true}', on_error => 'stop');
SELECT version, state, message FROM migrator.status('m/d');
SELECT * FROM app.good;
CALL migrator.up('m/d', options => '{"verify": true}');
SELECT to_regclass('app.bad');
SELECT * FROM files.looked();
CALL files.write('m/d/verify/bad.sql', E'BEGIN;\nSELECT b\n  FROM app.bad;\nROLLBACK;\n');
CALL migrator.up('m/d', options => '{"verify": true}') \gset
SELECT * FROM files.looked();
SELECT version, verdict FROM migrator.verify('m/d', versions => '{good,none}');
SELECT * FROM migrator.verify('m/d', versions => '{nobody}');

-- What it finds later; nothing of it stays.
ALTER TABLE app.bad RENAME b TO renamed;
CALL files.write('m/d/verify/last.sql', E'SELECT 1;\nSELEC 2;\n');
CALL files.write('m/d/verify/good.sql', E'BEGIN;\nDROP TABLE app.good;\nCOMMIT;\nBEGIN;\nCOMMIT;\n');
SELECT * FROM files.looked();
CALL files.write('m/d/verify/good.sql', E'BEGIN;\nDROP TABLE app.good;\nSET search_path = nowhere;\n');
SELECT * FROM files.looked() WHERE version = 'good';
CALL files.write('m/d/verify/good.sql', E'DROP TABLE app.good;\nSET search_path = nowhere;\nROLLBACK;\n');
SELECT * FROM files.looked() WHERE version = 'good';
CALL files.write('m/d/verify/good.sql', 'VACUUM app.good;');
SELECT * FROM files.looked() WHERE version = 'good';
SELECT to_regclass('app.good'), current_setting('search_path');
CALL files.remove('m/d/verify/good.sql');
SELECT * FROM files.looked() WHERE version = 'good';

-- Behind what runs outside of a transaction it is the last part: the next run looks again.
CALL files.make('m/d', 'sqitch.plan', files.plan('parts'), 'deploy/parts.sql',
  E'CREATE TABLE app.parts (a int);\nCREATE INDEX CONCURRENTLY a ON app.parts (a);\n',
  'verify/parts.sql', 'SELECT b FROM app.parts;', 'sqitch.conf', E'[deploy]\n\tverify = yes\n');
CALL migrator.up('m/d', 'parts');
SELECT version, state FROM migrator.status('m/d', 'parts');
CALL files.write('m/d/verify/parts.sql', 'SELECT a FROM app.parts;');
CALL migrator.up('m/d', 'parts') \gset
SELECT version, state FROM migrator.status('m/d', 'parts');
-- also when the script ends with a branch that the run chose
CALL files.make('m/d', 'sqitch.plan', files.plan('late'), 'deploy/late.sql',
  E'SELECT true AS yes \\gset\nCREATE TABLE app.late (a int);\n\\if :yes\nCREATE INDEX CONCURRENTLY late_a ON app.late (a);\n\\endif\n',
  'verify/late.sql', 'SELECT b FROM app.late;', 'sqitch.conf', E'[deploy]\n\tverify = yes\n');
CALL migrator.up('m/d', 'late');
CALL files.write('m/d/verify/late.sql', 'SELECT a FROM app.late;');
CALL migrator.up('m/d', 'late') \gset
SELECT version, state FROM migrator.status('m/d', 'late');
-- what the change has not committed it cannot use
CALL files.make('m/d', 'sqitch.plan', files.plan('mood', 'more'), 'deploy/mood.sql', 'CREATE TYPE app.mood AS ENUM (''good'');',
  'deploy/more.sql', E'BEGIN;\nALTER TYPE app.mood ADD VALUE ''bad'';\nCOMMIT;\n', 'verify/more.sql', 'SELECT ''bad''::app.mood;',
  'sqitch.conf', E'[deploy]\n\tverify = yes\n');
CALL migrator.up('m/d', 'mood');
CALL files.write('m/d/deploy/more.sql', E'-- migrator: no-transaction\nBEGIN;\nALTER TYPE app.mood ADD VALUE ''bad'';\nCOMMIT;\n');
CALL migrator.up('m/d', 'mood') \gset
SELECT version, state FROM migrator.status('m/d', 'mood');

-- The bound on a migration is one of it, too.
CALL files.make('m/d', 'sqitch.plan', files.plan('parts'), 'deploy/parts.sql',
  E'CREATE TABLE app.slow (a int);\nCREATE INDEX CONCURRENTLY ON app.slow (a);\n', 'verify/parts.sql', 'SELECT pg_sleep(60);');
SET migrator.migration_timeout = '2s';
CALL migrator.up('m/d', 'slow', options => '{"verify": true}');
RESET migrator.migration_timeout;
SELECT version, state FROM migrator.status('m/d', 'slow');

-- sqitch.conf asks for it, and the call need not; what cannot run stops it before.
CALL files.make('m/d', 'sqitch.plan', files.plan('one'), 'deploy/one.sql', 'SELECT 1;', 'verify/one.sql', 'SELECT 1/0;',
  'sqitch.conf', E'[deploy]\n\tverify = yes\n');
SELECT files.error($$SELECT FROM migrator.apply('m/d', 'conf')$$);
CALL files.write('m/d/verify/one.sql', 'CREATE DATABASE x;');
SELECT files.error($$SELECT FROM migrator.apply('m/d', 'conf')$$);
SELECT version, outcome FROM migrator.apply('m/d', 'conf', options => '{"verify": false}');
-- One that asks whether it is to look would pass; what ends a transaction within says what can be done.
CALL files.write('m/d/verify/one.sql', E'-- migrator: only-if SELECT false\nSELECT 1/0;');
SELECT files.error($$SELECT FROM migrator.apply('m/d', 'words')$$);
CALL files.write('m/d/verify/one.sql', E'-- migrator: require SELECT true\n');
SELECT check_name, severity, line, message FROM migrator.validate('m/d', 'words') WHERE file = 'verify/one.sql';
CALL files.write('m/d/verify/one.sql', E'DO $$BEGIN COMMIT; END$$;');
CALL migrator.up('m/d', 'words');
CALL files.make('m/n', '1_a.sql', 'SELECT 1;');
SELECT version FROM migrator.apply('m/n', 'other', options => '{"verify": true}');
SELECT version FROM migrator.apply('m/n', 'other', options => '{"verify": 1}');
SELECT version, verdict, message FROM migrator.verify('m/n', 'other');
SELECT version, outcome FROM migrator.apply('m/n', 'other');
SELECT version, verdict, message FROM migrator.verify('m/n', 'other');

-- All services, each of its own source.
SELECT migrator.register('first', source => 'm/n'), migrator.register('second', source => 'm/n');
SELECT service, version, outcome FROM migrator.apply(service => '*');
SELECT service, version, verdict, message FROM migrator.verify(service => '*');
SELECT files.error($$SELECT migrator.verify(service => '*', versions => '{1}')$$);
SELECT migrator.unregister('first'), migrator.unregister('second');

-- Whoever may not run a service verifies nothing of it.
CREATE ROLE regress_migrator_looker;
SET SESSION AUTHORIZATION regress_migrator_looker;
SELECT * FROM migrator.verify('m/n', 'other');
