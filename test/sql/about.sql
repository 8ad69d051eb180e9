-- The extension itself: version, help, comments, tables, views, what install refuses.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SELECT migrator.version() = extversion AS same FROM pg_extension WHERE extname = 'migrator';

-- Each statement of help() can be executed where its directory is: run them with our paths.
CALL files.make('m/app', '42_a.sql', 'SELECT 1;', '43_b.sql', 'SELECT 2;');
SELECT task, example FROM migrator.help();
CREATE FUNCTION files.execute(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE replace(replace(replace(statement, '/srv/app/migrations', 'm/app'), '/srv/billing/migrations', 'm/app'), 'SCHEMA app ', 'SCHEMA app2 ');
  RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
  RETURN 'ok';
WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT task, files.execute(example) FROM migrator.help() WHERE files.execute(example) <> 'ok';

-- Every object has a comment.
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'migrator'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v')
  AND obj_description(c.oid, 'pg_class') IS NULL ORDER BY 1;
SELECT obj_description(oid, 'pg_extension') IS NOT NULL AS extension FROM pg_extension WHERE extname = 'migrator';
-- Functions are volatile, parallel unsafe and called on null input; those that look at nothing are not.
SELECT proname, prokind, provolatile, proparallel, proisstrict FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace ORDER BY 1;
SELECT p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid) FROM pg_proc p WHERE pronamespace = 'migrator'::regnamespace ORDER BY 1, 2;
-- Tables and views.
SELECT table_name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM information_schema.columns
  WHERE table_schema = 'migrator' GROUP BY 1 ORDER BY 1;
-- history has no unique and no foreign key, so that a worker can write it beside an open transaction
SELECT conrelid::regclass, contype, conname FROM pg_constraint WHERE connamespace = 'migrator'::regnamespace AND contype IN ('p', 'u', 'f') ORDER BY 1, 2;
-- the record is marked for dump, with its sequences; staged files are a cache
SELECT unnest(extconfig)::regclass FROM pg_extension WHERE extname = 'migrator' ORDER BY 1;

-- An extension made and used in one transaction; the failure cannot be recorded then, and a warning says so.
SET search_path = public;
DROP EXTENSION migrator;
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE app.made();');
BEGIN;
CREATE EXTENSION migrator;
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, state FROM migrator.status('m/d');
ROLLBACK;
BEGIN;
CREATE EXTENSION migrator;
CALL files.write('m/d/1_a.sql', 'SELECT 1/0;');
SELECT version, outcome FROM migrator.apply('m/d');
ROLLBACK;
SELECT to_regclass('app.made');
-- Dropped and made anew in one session: kept plans are made anew, too.
CREATE EXTENSION migrator;
SELECT count(*) FROM migrator.status('m/d');
DROP EXTENSION migrator;
DROP SCHEMA migrator;
-- the library without its extension
CREATE FUNCTION app.stray(source text, service text, environment text) RETURNS TABLE (service text, version text, name text,
  state text, flags text[], applied_at timestamptz,
  execution_time_ms double precision, applied_by text, environment text, checksum text, message text) LANGUAGE C AS '$libdir/migrator', 'migrator_status';
SELECT * FROM app.stray(NULL, NULL, NULL);
DROP FUNCTION app.stray;
-- A schema "migrator" of somebody else is refused, our own is taken.
CREATE ROLE "regress migrator's other";
CREATE SCHEMA migrator AUTHORIZATION "regress migrator's other";
\set VERBOSITY terse
CREATE EXTENSION migrator;
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
DROP SCHEMA migrator;
DROP ROLE "regress migrator's other";
CREATE SCHEMA migrator;
CREATE EXTENSION migrator;
-- elsewhere than in its schema
DROP EXTENSION migrator;
DROP SCHEMA migrator;
CREATE EXTENSION migrator SCHEMA public;
CREATE EXTENSION migrator;
ALTER EXTENSION migrator SET SCHEMA public;
-- a library and a script of different versions
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'migrator';
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.status('m/d');
UPDATE pg_extension SET extversion = migrator.version() WHERE extname = 'migrator';
