-- What a failure does: raise, stop, continue; and what is kept of it.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql

CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a(i int);', '2_b.sql',
  E'CREATE TABLE b(i int);\n\nINSERT INTO a\n  SELECT 1 / i FROM (VALUES (1), (0)) v(i);', '3_c.sql', 'CREATE TABLE c(i int);');
CREATE VIEW on_record AS SELECT version, state, statement_total, statement_done, error_sqlstate, error_message,
  run_id FROM migrator.migrations ORDER BY version;
CREATE VIEW log AS SELECT run_id, version, event, statement, line, error_sqlstate, error_message, error_detail, applied_by,
  run_as FROM migrator.history ORDER BY id;
CREATE VIEW calls AS SELECT run_id, kind, outcome, total, applied, failed, skipped FROM migrator.runs ORDER BY run_id;
-- they outlive what the tests undo
CREATE SCHEMA kept;
ALTER VIEW on_record SET SCHEMA kept;
ALTER VIEW log SET SCHEMA kept;
ALTER VIEW calls SET SCHEMA kept;
SET search_path = app, kept;

-- raise: the error is the script's own; nothing stays but the record of it, kept by a worker.
SELECT version, outcome FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c');
TABLE on_record;
TABLE log;
TABLE calls;
SELECT version, state, message FROM migrator.status('m/d');
SELECT migration_name, status, error_message FROM migrator.schema_migrations;
SELECT jsonb_pretty(migrator.summary('m/d'));

-- also in a transaction block of the caller's, which is aborted
BEGIN;
CREATE TABLE callers();
SELECT version, outcome FROM migrator.apply('m/d');
SELECT 1;
ROLLBACK;
SELECT count(*) FROM log WHERE event = 'failed';

-- A failed file is edited and tried again: it is neither late nor modified.
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(i int);');
SELECT version, outcome FROM migrator.apply('m/d');
TABLE on_record;
SELECT version, event FROM log;
SELECT version, state, flags, message FROM migrator.status('m/d');

-- record_failures = off: nothing is left.
CALL files.forget();
CALL files.write('m/d/2_b.sql', 'SELECT 1/0;');
SET migrator.record_failures = off;
SELECT version FROM migrator.apply('m/d');
SELECT (SELECT count(*) FROM on_record), (SELECT count(*) FROM log), (SELECT count(*) FROM calls);
RESET migrator.record_failures;

-- stop: what came before stays, a row tells, a WARNING says it.
CALL files.forget();
SELECT version, outcome, execution_time_ms >= 0 AS timed, message FROM migrator.apply('m/d', on_error => 'stop');
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c');
TABLE on_record;
TABLE log;
TABLE calls;
-- again: the failed one comes first, and is not late
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'stop');
-- it is retried alone
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(i int);');
SELECT version, outcome, message FROM migrator.apply('m/d', versions => '{2}');
SELECT version, outcome, message FROM migrator.apply('m/d');

-- continue: the rest runs; the failed one may be retried after it, it is not late.
CALL files.forget();
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(i int); SELECT nosuch FROM b;');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c');
TABLE on_record;
TABLE calls;
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(i int);');
SELECT version, outcome, message FROM migrator.apply('m/d');
TABLE on_record;

-- the setting, and that the argument wins
CALL files.forget();
CALL files.write('m/d/2_b.sql', 'SELECT 1/0;');
SET migrator.on_error = continue;
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'stop', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'raise', dry_run => true);
RESET migrator.on_error;
-- a dry run records no failure, and a failed one leaves the session as it was
SELECT (SELECT count(*) FROM on_record), (SELECT count(*) FROM log), (SELECT count(*) FROM calls), to_regclass('a');
BEGIN;
CREATE TABLE callers();
SAVEPOINT s;
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
ROLLBACK TO s;
SELECT to_regclass('callers');
ROLLBACK;
DO $$
BEGIN
  PERFORM migrator.apply('m/d', dry_run => true);
EXCEPTION WHEN division_by_zero THEN
  CREATE TABLE handled();
END $$;
SELECT to_regclass('handled');

-- Several failures in one call; each is recorded with its place.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1/0;', '2_b.sql', 'SELECT nosuch;', '3_c.sql',
  E'SELECT 1;\nDO $$BEGIN RAISE EXCEPTION ''mine'' USING ERRCODE = ''XX123'', DETAIL = ''detail'', HINT = ''hint''; END$$;',
  '4_d.sql', 'CREATE TABLE d(i int CHECK (i > 0)); INSERT INTO d VALUES (0);', '5_e.sql', 'SELECT 5;');
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
TABLE log;
TABLE calls;

-- Errors keep code, detail, hint and names; a client sees file and line.
CALL files.forget();
SELECT * FROM migrator.apply('m/d', versions => '{3}');
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
DO $$
DECLARE
  state text; detail text; hint text; tab text; con text; sch text;
BEGIN
  PERFORM migrator.apply('m/d', versions => '{4}');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, sch = SCHEMA_NAME, tab = TABLE_NAME, con = CONSTRAINT_NAME;
  CREATE TABLE diagnostics AS SELECT state, detail, sch, tab, con;
END $$;
TABLE diagnostics;
-- an error in a function that a script calls keeps its own context
CALL files.make('m/d', '1_f.sql', E'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN nosuch;\nEND $$;\n\n  SELECT f();');
SELECT * FROM migrator.apply('m/d');
-- a notice of a script tells its place, too
CALL files.make('m/d', '1_f.sql', E'SELECT 1;\nDO $$BEGIN RAISE WARNING ''mind''; END$$;');
\set SHOW_CONTEXT always
SELECT version FROM migrator.apply('m/d');
\set SHOW_CONTEXT errors

-- A cancel is meant for the whole call, whatever on_error says.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql',
  'DO $$BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(60); END$$', '3_c.sql', 'CREATE TABLE c();');
\set SHOW_CONTEXT never
SELECT version FROM migrator.apply('m/d', on_error => 'continue');
\set SHOW_CONTEXT errors
SELECT to_regclass('a'), to_regclass('c');
SELECT version, state, error_sqlstate FROM migrator.migrations;
-- and the session goes on
SELECT version FROM migrator.apply('m/d', target => '1');

-- A savepoint round the call undoes what it did; the failure stays on record.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'SELECT 1/0;');
BEGIN;
SELECT version FROM migrator.apply('m/d', target => '1');
SAVEPOINT s;
SELECT version FROM migrator.apply('m/d');
ROLLBACK TO s;
SELECT version, state FROM migrator.status('m/d');
COMMIT;
SELECT version, state FROM migrator.status('m/d');
DROP SCHEMA kept CASCADE;
