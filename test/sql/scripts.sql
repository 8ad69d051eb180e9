-- What a script may do, what it leaves behind, and what is refused before anything runs.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql

-- What script 1 SETs is not seen by script 2 nor after the call, however it is set.
CREATE TABLE public.seen(place text, search_path text, role text, session text, statement_timeout text, scs text, datestyle text, own text);
CREATE FUNCTION public.look(place text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.seen SELECT place, current_setting('search_path'), current_user, session_user, current_setting('statement_timeout'),
    current_setting('standard_conforming_strings'), current_setting('datestyle'), current_setting('my.own', true);
$$;
CREATE ROLE regress_migrator_script;
GRANT ALL ON public.seen TO regress_migrator_script;
SET statement_timeout = '5min';
SET datestyle = ISO, MDY;
SET my.own = 'callers';
CALL files.make('m/d', '1_a.sql', $$
SET search_path = public;
SET SESSION statement_timeout = '10min';
SET LOCAL datestyle = German;
SELECT set_config('my.own', 'scripts', false);
SET standard_conforming_strings = off;
SET ROLE regress_migrator_script;
SELECT public.look('in 1');
$$, '2_b.sql', $$
SELECT public.look('in 2');
SET SESSION AUTHORIZATION regress_migrator_script;
SELECT public.look('in 2, as another');
$$, '3_c.sql', $$
SELECT public.look('in 3');
RESET ALL;
SET search_path = nowhere;
SELECT 1/0;
$$, '4_d.sql', $$SELECT public.look('in 4');$$);
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue');
SELECT public.look('after');
TABLE public.seen;
-- also when an error ends the call
SELECT version FROM migrator.apply('m/d');
TRUNCATE public.seen;
SELECT public.look('after');
TABLE public.seen;
-- and when the transaction goes on or is undone
TRUNCATE public.seen;
CALL files.forget();
BEGIN;
SELECT version FROM migrator.apply('m/d', target => '2');
SELECT public.look('in the transaction');
COMMIT;
TABLE public.seen;
RESET statement_timeout;
RESET my.own;
DROP TABLE public.seen;
DROP FUNCTION public.look;
DROP ROLE regress_migrator_script;

-- standard_conforming_strings = off holds for the rest of the script, in reading and running.
CALL files.forget();
CALL files.make('m/d', '1_a.sql',
  $$SET escape_string_warning = off; SET standard_conforming_strings = off; CREATE TABLE s AS SELECT 'it\'s; x' AS t; $$ ||
    $$RESET standard_conforming_strings; INSERT INTO s SELECT 'a\';$$, '2_b.sql', $$INSERT INTO s SELECT 'b\';$$);
SELECT version, outcome FROM migrator.apply('m/d');
TABLE s;
-- a caller whose own is off
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $$CREATE TABLE s AS SELECT 'it\'s; x' AS t;$$);
SET escape_string_warning = off;
SET standard_conforming_strings = off;
SELECT version, outcome FROM migrator.apply('m/d');
RESET standard_conforming_strings;
RESET escape_string_warning;
TABLE s;

-- A script wrapped in BEGIN ... COMMIT runs as written, once.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'BEGIN; CREATE TABLE t(i int); INSERT INTO t VALUES (1); COMMIT;', '2_b.sql',
  E'SET lock_timeout = ''1s'';\nSTART TRANSACTION;\nINSERT INTO t VALUES (2);\nEND TRANSACTION;\n-- done', '3_c.sql',
  'begin work; insert into t values (3); commit work');
SELECT version, outcome FROM migrator.apply('m/d');
TABLE t;

-- Transaction statements that mean something else: nothing runs, the line is told.
CREATE FUNCTION files.refused(script text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  context text; hint text;
BEGIN
  CALL files.make('m/e', '1_before.sql', 'CREATE TABLE app.before_it();', '2_it.sql', script);
  PERFORM migrator.apply('m/e', service => 'e');
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT, hint = PG_EXCEPTION_HINT;
  RETURN format('%s: %s [%s] %s%s', SQLSTATE, SQLERRM, substring(context FROM 'line \d+, column \d+'), hint,
    CASE WHEN EXISTS (SELECT FROM migrator.history WHERE service = 'e') THEN ' SOMETHING RAN' END);
END $$;
SELECT files.refused(script) FROM (VALUES
  (E'BEGIN; SELECT 1; COMMIT;\nBEGIN; SELECT 2; COMMIT;'),
  (E'BEGIN; SELECT 1; COMMIT;\nSELECT 2;'),
  (E'SELECT 1;\nBEGIN; SELECT 2; COMMIT;'),
  (E'SELECT 1;\nCOMMIT;\nSELECT 2;'),
  (E'COMMIT;'),
  (E'BEGIN;\nSELECT 1;'),
  (E'BEGIN;\nBEGIN;\nCOMMIT;'),
  (E'BEGIN;\nSELECT 1;\nROLLBACK;'),
  (E'ROLLBACK;'),
  (E'BEGIN;\nSAVEPOINT s;\nCOMMIT;'),
  (E'SELECT 1;\nRELEASE s;'),
  (E'ROLLBACK TO s;'),
  (E'BEGIN;\nPREPARE TRANSACTION ''x'';'),
  (E'COMMIT PREPARED ''x'';'),
  (E'BEGIN;\nCOMMIT AND CHAIN;\nCOMMIT;'),
  (E'BEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;\nCOMMIT;'),
  (E'SET TRANSACTION READ ONLY;\nSELECT 1;'),
  (E'-- migrator: no-transaction\nSELECT 1;')) v(script);

-- Statements that refuse a transaction block: refused with file and line, nothing ran.
SELECT files.refused(script) FROM (VALUES
  (E'CREATE TABLE t(i int);\n\n  CREATE INDEX CONCURRENTLY i ON t(i);'),
  (E'DROP INDEX CONCURRENTLY i;'),
  (E'REINDEX TABLE CONCURRENTLY t;'),
  (E'VACUUM;'),
  (E'VACUUM (ANALYZE) t;'),
  (E'CREATE DATABASE x;'),
  (E'DROP DATABASE x;'),
  (E'ALTER SYSTEM SET work_mem = ''1MB'';'),
  (E'CREATE TABLESPACE x LOCATION ''/x'';'),
  (E'ALTER TABLE p DETACH PARTITION q CONCURRENTLY;'),
  (E'BEGIN;\nVACUUM;\nCOMMIT;')) v(script);
-- what only the server can know is told when it runs, with our hint
SELECT * FROM migrator.validate('m/e', 'e') WHERE check_name IN ('transactions', 'non_transactional');
CALL files.make('m/e', '1_it.sql', 'DO $$BEGIN CREATE TABLE app.t2(); COMMIT; END$$;');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_it.sql', 'DO $$BEGIN EXECUTE ''VACUUM''; END$$;');
SELECT * FROM migrator.apply('m/e', 'e');
CALL files.make('m/e', '1_it.sql', E'CREATE PROCEDURE app.p() LANGUAGE plpgsql AS $$BEGIN ROLLBACK; END$$;\nCALL app.p();');
SELECT * FROM migrator.apply('m/e', 'e');
-- ANALYZE and a plain index are no trouble
CALL files.make('m/e', '1_it.sql',
  'CREATE TABLE app.ok(i int); ANALYZE app.ok; CREATE INDEX ON app.ok(i); REINDEX TABLE app.ok; CLUSTER app.ok USING ok_i_idx;');
SELECT version, outcome FROM migrator.apply('m/e', 'e');

-- dry_run: a script that cannot run in a transaction comes back not_run, the others run.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a(i int);', '2_b.sql', 'CREATE INDEX CONCURRENTLY b ON a(i);', '3_c.sql',
  'INSERT INTO a VALUES (1);', '4_d.sql', E'-- Migrator: No-Transaction\nSELECT 1;');
SELECT version, outcome, execution_time_ms IS NULL AS untimed, message FROM migrator.apply('m/d', dry_run => true);
SELECT version, transactional FROM migrator.pending('m/d');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT (SELECT count(*) FROM migrator.history), to_regclass('a');
-- up to the one before it is no trouble
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
SELECT version, outcome FROM migrator.apply('m/d');

-- What would take the ground from under a run is refused.
SELECT files.refused(script) FROM (VALUES
  ('DROP EXTENSION migrator;'), ('DROP EXTENSION IF EXISTS x, migrator CASCADE;'), ('ALTER EXTENSION migrator UPDATE;'),
    ('ALTER EXTENSION migrator SET SCHEMA public;'),
  ('DROP SCHEMA migrator CASCADE;'), ('ALTER SCHEMA migrator RENAME TO x;'), ('DISCARD ALL;'), ('SELECT pg_advisory_unlock_all();'),
    ('COPY (SELECT 1) TO stdout;')) v(script);
-- also from within a DO block, where only the run can find it
CALL files.make('m/e', '1_it.sql', 'DO $$BEGIN EXECUTE ''DROP EXTENSION migrator''; END$$;');
SELECT * FROM migrator.apply('m/e', 'x');

-- psql's commands: \restrict lines are passed over, others refused.
CALL files.make('m/e', '1_it.sql', E'\\restrict abc\nCREATE TABLE restricted();\n\\unrestrict abc\n');
SELECT version, outcome FROM migrator.apply('m/e', 'psql');
SELECT files.refused(script) FROM (VALUES (E'SELECT 1;\n\\connect other'), (E'\\i other.sql'), (E'SELECT 1 \\gset'), (E'\\set x 1'),
  (E'SELECT 1 \\restrict x')) v(script);
-- in quotes and comments they are text
CALL files.make('m/e', '1_it.sql', E'-- \\i x\nSELECT ''\\i x'', $$ \\x $$ /* \\y */;');
SELECT version, outcome FROM migrator.apply('m/e', 'psql2');

-- Syntax errors of all files are found before anything runs; the first is raised, the others are counted.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', E'SELECT 1;\nSELEC 2;\nSELECT (3;\n', '3_c.sql', 'SELECT ''open;');
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/d', on_error => 'continue');
SELECT to_regclass('a'), (SELECT count(*) FROM migrator.history);
-- those behind the target do not matter
SELECT version, outcome FROM migrator.apply('m/d', target => '1');

-- Statements of every kind: results go nowhere, session objects live as usual.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $$
SELECT generate_series(1, 1000);
VALUES (1), (2);
PREPARE held AS SELECT 1;
EXECUTE held;
CREATE TEMP TABLE scratch(i int);
DECLARE c CURSOR FOR SELECT 1;
FETCH ALL FROM c;
CLOSE c;
EXPLAIN SELECT 1;
SHOW search_path;
LISTEN somewhere;
UNLISTEN *;
LOCK TABLE scratch;
CREATE FUNCTION atomic() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;
CREATE RULE r AS ON INSERT TO scratch DO ALSO (SELECT 1; SELECT 2);
CREATE FUNCTION quoted() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN $q$;$q$; END $f$;
DROP RULE r ON scratch;
WITH x AS (INSERT INTO scratch VALUES (1) RETURNING i) SELECT * FROM x;
CREATE TABLE made AS SELECT atomic() AS a, quoted() AS q;
$$, '2_b.sql', $$EXECUTE held; INSERT INTO scratch VALUES (2); DEALLOCATE held;$$);
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT statement_total FROM migrator.migrations ORDER BY version;
TABLE made;
-- BEGIN ATOMIC bodies, a search_path of the script's for what it makes
CALL files.make('m/d', '1_a.sql',
  'CREATE SCHEMA inner_one; SET search_path = inner_one; CREATE TABLE t(); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''SELECT 1'';',
  '2_b.sql', 'CREATE TABLE t2();');
SELECT version, outcome FROM migrator.apply('m/d', 'paths');
SELECT table_schema, table_name FROM information_schema.tables WHERE table_name IN ('t', 't2') ORDER BY 1;
DROP SCHEMA inner_one CASCADE;

-- The registration's search_path is in force for its scripts, and only there.
CALL files.forget();
CREATE SCHEMA "Other Place";
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE elsewhere();');
SELECT migrator.register('svc', 'm/d', search_path => '"Other Place", app') \g /dev/null
SELECT version, outcome FROM migrator.apply();
SELECT table_schema FROM information_schema.tables WHERE table_name = 'elsewhere';
SHOW search_path;
DROP SCHEMA "Other Place" CASCADE;
