-- SELECT * FROM migrator.rollback(): back in the caller's transaction.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.record AS SELECT version, state, direction, statement_done AS done, run_id FROM migrator.migrations ORDER BY version;
CREATE VIEW files.log AS SELECT run_id, event, version, checksum IS NOT NULL AS checksum, execution_time_ms >= 0 AS timed, line, error_sqlstate,
  error_message, note FROM migrator.history ORDER BY id;
CALL files.make('m/d',
  '000001_a.up.sql', 'CREATE TABLE a();', '000001_a.down.sql', 'DROP TABLE a;',
  '000002_b.up.sql', 'CREATE TABLE b();', '000002_b.down.sql', 'DROP TABLE b;',
  '000003_c.up.sql', 'CREATE TABLE c();', '000003_c.down.sql', 'DROP TABLE c;',
  '000004_d.up.sql', 'CREATE TABLE d();', '000004_d.down.sql', 'DROP TABLE d;');
-- nothing is there
SELECT * FROM migrator.rollback('m/d');
SELECT count(*) FROM migrator.apply('m/d');

-- The last one, when nothing is said; dry_run undoes it.
SELECT service, version, name, outcome, execution_time_ms >= 0 AS timed, message FROM migrator.rollback('m/d', dry_run => true);
SELECT to_regclass('d');
SELECT service, version, name, outcome, execution_time_ms >= 0 AS timed, message FROM migrator.rollback('m/d');
SELECT to_regclass('d'), to_regclass('c');
TABLE files.record;
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT kind, outcome, total, applied, failed FROM migrator.runs ORDER BY run_id;
-- what was rolled back is pending
SELECT version, outcome FROM migrator.apply('m/d');
TABLE files.record;
-- steps, and more of them than there are
SELECT version, outcome FROM migrator.rollback('m/d', steps => 2);
SELECT version, outcome FROM migrator.rollback('m/d', steps => 20);
SELECT version, outcome FROM migrator.apply('m/d');
-- the target stays, however it is written; an empty one takes all back
SELECT version, outcome FROM migrator.rollback('m/d', target => '2');
SELECT version, outcome FROM migrator.rollback('m/d', target => '000002');
SELECT version, outcome FROM migrator.rollback('m/d', target => '');
SELECT count(*) FROM migrator.apply('m/d');
-- one transaction with what the caller does
BEGIN;
SELECT version FROM migrator.rollback('m/d');
SELECT to_regclass('d');
ROLLBACK;
SELECT to_regclass('d');
SET client_min_messages = notice;
SELECT version, outcome FROM migrator.rollback('m/d', target => '4');
SET client_min_messages = warning;

-- What is asked for is one thing.
SELECT * FROM migrator.rollback('m/d', steps => 1, target => '1');
SELECT * FROM migrator.rollback('m/d', target => '1', versions => '{1}');
SELECT * FROM migrator.rollback('m/d', versions => '{1}', options => '{"run_id": 1}');
SELECT * FROM migrator.rollback('m/d', steps => 0);
SELECT * FROM migrator.rollback('m/d', target => '9');
SELECT * FROM migrator.rollback('m/d', versions => '{1,9}');
SELECT * FROM migrator.rollback('m/d', options => '{"run_id": 0}');
SELECT * FROM migrator.rollback('m/d', options => '{"run_id": 1.5}');
SELECT * FROM migrator.rollback('m/d', options => '{"down_source": "files"}');
SELECT * FROM migrator.rollback('m/d', options => '{"on_error": "continue"}');
SELECT * FROM migrator.rollback(service => '*');

-- A failure undoes the call, and leaves what it was about applied.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', 'CREATE TABLE b();', '2_b.down.sql', E'SELECT 1;\nDROP TABLE nosuch;',
  '3_c.up.sql', 'CREATE TABLE c();', '3_c.down.sql', 'DROP TABLE c;');
SELECT count(*) FROM migrator.apply('m/d');
SELECT * FROM migrator.rollback('m/d', target => '');
TABLE files.record;
TABLE files.log;
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c');
SELECT version, outcome, message FROM migrator.rollback('m/d', steps => 1);
SELECT kind, outcome, applied, failed FROM migrator.runs ORDER BY run_id;

-- All that lack a down script, before anything runs.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a();', '2_b.up.sql', 'CREATE TABLE b();', '3_c.up.sql', 'CREATE TABLE c();', '3_c.down.sql', 'DROP TABLE c;',
  '4_d.up.sql', 'CREATE TABLE d();');
SELECT count(*) FROM migrator.apply('m/d');
SELECT * FROM migrator.rollback('m/d', target => '');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM migrator.rollback('m/d', target => '', options => '{"force": true}');
-- one that was written later will do
CALL files.write('m/d/4_d.down.sql', 'DROP TABLE d;');
SELECT version, outcome FROM migrator.rollback('m/d', target => '2');

-- No way back, by the script that goes up, the one that goes down, or the manifest: to it, or over it.
CALL files.forget();
CALL files.make('m/d',
  '000001_a.up.sql', 'CREATE TABLE a();', '000001_a.down.sql', 'DROP TABLE a;',
  '000002_b.up.sql', E'-- migrator: irreversible\nCREATE TABLE b();', '000002_b.down.sql', 'DROP TABLE b;',
  '000003_c.up.sql', 'CREATE TABLE c();', '000003_c.down.sql', E'-- migrator: irreversible\nDROP TABLE c;',
  '000004_d.up.sql', 'CREATE TABLE d();', '000004_d.down.sql', 'DROP TABLE d;',
  '000005_e.up.sql', 'CREATE TABLE e();', '000005_e.down.sql', 'DROP TABLE e;',
  'dependencies.json', '{"migrations": {"000004": {"description": "d", "rollback_safe": false}}}');
SELECT count(*) FROM migrator.apply('m/d');
SELECT version, outcome FROM migrator.rollback('m/d');
SELECT * FROM migrator.rollback('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"force": true}');
SELECT * FROM migrator.rollback('m/d', target => '');
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"force": true}');
SELECT * FROM migrator.rollback('m/d', target => '');
SELECT version, outcome FROM migrator.rollback('m/d', target => '', options => '{"force": true}');
TABLE files.record;

-- What a script requires is asked directly before it, in its transaction, with the caller's rights.
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', E'-- migrator: require SELECT NOT EXISTS (SELECT FROM a)\nDROP TABLE a;',
  '2_b.up.sql', E'-- migrator: require SELECT count(*) = 0 FROM a\nCREATE TABLE b();',
  '2_b.down.sql', E'-- migrator: require SELECT count(*) > 0 FROM a;\nDROP TABLE b; DELETE FROM a;');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT * FROM migrator.rollback('m/d');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO a VALUES (1);
-- the second sees what the first did
SELECT version, outcome FROM migrator.rollback('m/d', steps => 2);
SELECT to_regclass('a');
SELECT count(*) FROM migrator.apply('m/d', target => '1');
INSERT INTO a VALUES (1);
SELECT * FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
TRUNCATE migrator.migrations;
DROP TABLE a;
CALL files.make('m/d',
  '1_a.up.sql', E'-- migrator: require SELECT\n-- migrator: require\n-- migrator: require SELECT 1; SELECT 2\n'
    '-- migrator: require DELETE FROM a\n-- migrator: require SELECT 1 INTO x\n-- migrator: require SELECT 1 AS a INTO x UNION SELECT 2\n'
    '-- migrator: require WITH d AS (DELETE FROM a RETURNING 1) SELECT true\n-- migrator: require SELECT (\nSELECT 1;');
SELECT line, severity, message FROM migrator.validate('m/d') WHERE check_name = 'syntax' ORDER BY line;
SELECT * FROM migrator.apply('m/d');
CALL files.make('m/d',
  '1.sql', E'-- migrator: require SELECT 1\nSELECT 1;', '2.sql', E'-- migrator: require SELECT NULL::bool\nSELECT 1;',
  '3.sql', E'-- migrator: require SELECT true WHERE false\nSELECT 1;', '4.sql', E'-- migrator: require VALUES (true), (true)\nSELECT 1;',
  '5.sql', E'-- migrator: require SELECT true, true\nSELECT 1;', '6.sql', E'-- migrator: require SELECT true FROM nosuch\nSELECT 1;',
  '7.sql', E'-- migrator: require SELECT 1/0 = 1\nSELECT 1;');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT event, version, line, error_sqlstate, error_message, error_detail FROM migrator.history WHERE event = 'failed' ORDER BY id;
CALL migrator.up('m/d');
