-- What a caller's search_path, names and settings can do to us: nothing.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE app.a(i int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);', '2_b.sql',
  E'INSERT INTO app.a VALUES (1);', '3_c.sql', 'SELECT 1/0;');
-- A schema of a user's with tables, functions, operators and casts that are called like what we use.
CREATE SCHEMA evil;
CREATE TABLE evil.trap(what text);
CREATE FUNCTION evil.spring(what text) RETURNS void LANGUAGE sql AS $$INSERT INTO evil.trap VALUES (what)$$;
CREATE FUNCTION evil.same(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('operator text = text'); RETURN true; END$$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
CREATE FUNCTION evil.matches(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('operator text ~ text'); RETURN true; END$$;
CREATE OPERATOR evil.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.matches);
CREATE FUNCTION evil.number(bigint, integer) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('operator bigint << integer'); RETURN 0; END$$;
CREATE OPERATOR evil.<< (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = evil.number);
CREATE OPERATOR evil.> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('clock_timestamp'); RETURN NULL; END$$;
CREATE FUNCTION evil.nextval(text) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('nextval'); RETURN -1; END$$;
CREATE FUNCTION evil.nextval(regclass) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('nextval'); RETURN -1; END$$;
CREATE FUNCTION evil.regexp_replace(text, text, text) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('regexp_replace'); RETURN ''; END$$;
CREATE FUNCTION evil.lock_key(text, text) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('lock_key'); RETURN 0; END$$;
CREATE FUNCTION evil.current_database() RETURNS name LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('current_database'); RETURN ''; END$$;
CREATE FUNCTION evil.string_agg(text, text) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('string_agg'); RETURN ''; END$$;
CREATE FUNCTION evil.format(text, name, name) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM evil.spring('format'); RETURN ''; END$$;
CREATE TABLE evil.migrations(service text, version text, state text);
CREATE TABLE evil.services(service text, source text);
CREATE TABLE evil.history(id int);
CREATE TABLE evil.runs(id int);
CREATE TABLE evil.pg_locks(pid int);
CREATE TABLE evil.pg_constraint(condeferrable boolean);
CREATE TABLE evil.pg_extension(extname text);
CREATE DOMAIN evil.text AS integer;
CREATE DOMAIN evil.jsonb AS integer;
CREATE DOMAIN evil.inet AS integer;
SET search_path = app, evil, pg_catalog;
SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text AS the_trap_works;
TABLE evil.trap;
TRUNCATE evil.trap;

SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT migrator.register('evil-service', 'm/d') \g /dev/null
SELECT version, state, flags FROM migrator.status('m/d', 'default');
SELECT count(*) FROM migrator.pending('m/d');
SELECT migrator.summary('m/d', 'default') -> 'applied';
SELECT count(*) FROM migrator.validate('m/d') WHERE severity OPERATOR(pg_catalog.=) 'ok';
SELECT migrator.is_current('m/d'), migrator.is_current(NULL, 'default', '1');
SELECT migrator.baseline('m/d', 'second');
SELECT migrator.resolve('1', 'pending', 'second');
SELECT migrator.lock_key() OPERATOR(pg_catalog.=) pg_catalog.hashtextextended('migrator:default', 0) AS lock_key;
SELECT count(*) > 0 FROM migrator.settings();
SELECT count(*) FROM migrator.unlock();
SELECT migration_name, status FROM migrator.schema_migrations ORDER BY 1;
SELECT migration_id, slow FROM migrator.migration_performance ORDER BY 1;
SELECT count(*) FROM migrator.evil_service_schema_migrations;
BEGIN;
SELECT version, outcome FROM migrator.apply('m/d', 'second', versions => '{1}', dry_run => true, on_error => 'continue', options => '{"allow_late": "1"}');
SELECT service, mode FROM migrator.locks;
ROLLBACK;
SELECT migrator.unregister('evil-service') \g /dev/null
TABLE evil.trap;
SELECT (SELECT count(*) FROM evil.migrations), (SELECT count(*) FROM evil.services), (SELECT count(*) FROM evil.history), (SELECT count(*) FROM evil.runs);
SET search_path = app;
SELECT service, version, state FROM migrator.migrations ORDER BY 1, 2;
-- in the way of a temporary table, too
CREATE TEMP TABLE migrations(service text, version text);
CREATE TEMP TABLE pg_extension(extname text);
SELECT count(*) FROM migrator.status('m/d');
SET search_path = pg_temp, app;
SELECT count(*) FROM migrator.status('m/d');
DISCARD TEMP;
SET search_path = app;
DROP SCHEMA evil CASCADE;

-- Settings that change how our own statements are read or run.
CALL files.forget();
SET default_transaction_read_only = off;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET backslash_quote = on;
SET transform_null_equals = on;
SET row_security = off;
SET quote_all_identifiers = on;
SET extra_float_digits = -15;
SET enable_seqscan = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET datestyle = German;
SET intervalstyle = sql_standard;
SET bytea_output = escape;
SET lc_messages = 'C';
SET max_parallel_workers_per_gather = 8;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET plan_cache_mode = force_generic_plan;
SET default_tablespace = '';
SET check_function_bodies = off;
SET statement_timeout = '1h';
SET lock_timeout = '1h';
SELECT version, outcome, message FROM migrator.apply('m/d', on_error => 'continue');
SELECT version, state FROM migrator.status('m/d');
SELECT migrator.register('a-b', 'm/d') \g /dev/null
SELECT count(*) FROM migrator.a_b_schema_migrations;
SELECT migrator.unregister('a-b') \g /dev/null
SELECT jsonb_typeof(migrator.summary('m/d'));
RESET ALL;
SET SESSION AUTHORIZATION regress_migrator;
SET search_path = app;
SET client_min_messages = warning;
-- statement_timeout ends a run, and is named as such
CALL files.make('m/d', '1_a.sql', 'DO $$BEGIN PERFORM pg_sleep(60); END$$;');
SET statement_timeout = '200ms';
\set SHOW_CONTEXT never
SELECT * FROM migrator.apply('m/d', 'slow', on_error => 'continue');
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;

-- Arguments of absurd sizes, and files of absurd content.
SELECT files.error(format('SELECT * FROM migrator.apply(%L)', repeat('a/', 4000))) ~ '^(58030|58P01|42809)' AS long_path;
SELECT left(files.error(format('SELECT * FROM migrator.apply(''m/d'', %L)', repeat('a', 100000))), 40);
SELECT left(files.error(format('SELECT * FROM migrator.apply(''m/d'', target => %L)', repeat('9', 100000))), 40);
SELECT left(files.error(format('SELECT * FROM migrator.apply(''m/d'', versions => %L)', array_fill('9'::text, ARRAY[100000]))), 60);
SELECT left(files.error(format('SELECT * FROM migrator.apply(''m/d'', options => %L)', jsonb_build_object(repeat('ä', 1000), 1))), 40);
SELECT left(files.error(format('SELECT * FROM migrator.apply(''m/d'', options => %L)', (repeat('{"force":', 5000) || '1' || repeat('}', 5000))::jsonb)), 60);
-- parentheses deeper than the parser's stack; comments nested deep are only skipped
CALL files.make('m/d', '1_a.sql', 'SELECT ' || repeat('(', 50000) || '1' || repeat(')', 50000));
SELECT left(files.error($$SELECT * FROM migrator.apply('m/d', 'deep')$$), 5);
CALL files.make('m/d', '1_a.sql', 'SELECT ' || repeat('/*', 5000) || '1' || repeat('*/', 5000) || '2');
SELECT version, outcome FROM migrator.apply('m/d', 'deep');
-- an error message of ten megabytes, kept by the worker and by the run itself
CALL files.make('m/d', '1_a.sql', $$DO 'BEGIN RAISE EXCEPTION USING MESSAGE = repeat(''x'', 10000000), DETAIL = repeat(''y'', 10000000); END'$$);
SET log_min_messages = fatal;
SELECT length(files.error($$SELECT * FROM migrator.apply('m/d', 'large')$$));
RESET log_min_messages;
SELECT length(error_message) FROM migrator.migrations WHERE service = 'large';
-- a statement of a megabyte: what goes to client and log is a window round the error
CALL files.make('m/d', '1_a.sql', 'SELECT ' || repeat('1, ', 300000) || 'nosuch');
DO $$
DECLARE
  context text;
BEGIN
  PERFORM migrator.apply('m/d', 'wide');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
  RAISE WARNING '%, context of % characters', SQLERRM, length(context);
END $$;
-- the session is none the worse
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE fine();');
SELECT version, outcome FROM migrator.apply('m/d', 'fine');
