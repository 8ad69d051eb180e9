\set ECHO none
-- What the SQL tests share: a fresh extension, an empty schema "app" first in
-- the search_path, and procedures that write migrations.  A test begins with
--
--   \getenv dir PG_ABS_SRCDIR
--   \i :dir/include/setup.sql
--
-- Migrations are written by the server to the directory "m" below its data
-- directory, and named relative to that: messages are the same everywhere.
SET client_min_messages = error;
-- One name for the superuser in all outputs; what a test that was interrupted left.
DO $$
DECLARE
  role regrole;
BEGIN
  FOR role IN SELECT oid FROM pg_roles WHERE rolname ~ '^regress.migrator.' LOOP
    EXECUTE format('DROP OWNED BY %s CASCADE', role);
    EXECUTE format('DROP ROLE %s', role);
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'regress_migrator') THEN
    CREATE ROLE regress_migrator SUPERUSER LOGIN;
  END IF;
END $$;
DROP EXTENSION IF EXISTS migrator CASCADE;
DROP SCHEMA IF EXISTS migrator, app, files CASCADE;
SET SESSION AUTHORIZATION regress_migrator;
CREATE EXTENSION migrator;
CREATE SCHEMA app;
CREATE SCHEMA files;

CREATE PROCEDURE files.run(command text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', command);
END $$;

CREATE FUNCTION files.quoted(word text) RETURNS text LANGUAGE sql AS $$
  SELECT '''' || replace(word, '''', '''\''''') || '''';
$$;

CREATE PROCEDURE files.remove(path text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.run('rm -rf ' || files.quoted(path));
END $$;

-- Bytes as they are; the directory is made if need be.
CREATE PROCEDURE files.write(path text, content bytea) LANGUAGE plpgsql AS $$
DECLARE
  object oid := lo_from_bytea(0, content);
BEGIN
  CALL files.run('mkdir -p ' || files.quoted(regexp_replace(path, '/[^/]*$', '')));
  PERFORM lo_export(object, path);
  PERFORM lo_unlink(object);
END $$;

CREATE PROCEDURE files.write(path text, content text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.write(path, convert_to(content, 'UTF8'));
END $$;

-- A directory made anew from pairs of a name and a script.
CREATE PROCEDURE files.make(directory text, VARIADIC pairs text[] = '{}') LANGUAGE plpgsql AS $$
BEGIN
  CALL files.remove(directory);
  CALL files.run('mkdir -p ' || files.quoted(directory));
  FOR i IN 1 .. coalesce(array_length(pairs, 1), 0) BY 2 LOOP
    CALL files.write(directory || '/' || pairs[i], pairs[i + 1]);
  END LOOP;
END $$;

-- The same from names alone, each with a script that does nothing; a name that ends in a slash is a folder.
CREATE PROCEDURE files.names(directory text, VARIADIC names text[]) LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  CALL files.make(directory);
  FOREACH name IN ARRAY names LOOP
    IF name LIKE '%/' THEN
      CALL files.run('mkdir -p ' || files.quoted(directory || '/' || name));
    ELSE
      CALL files.write(directory || '/' || name, 'SELECT 1;');
    END IF;
  END LOOP;
END $$;

-- How a statement fails, without the place of the data directory.
CREATE FUNCTION files.error(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || replace(SQLERRM, current_setting('data_directory') || '/', '');
END $$;

-- The record and the work of a test so far are forgotten.
CREATE PROCEDURE files.forget() LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE migrator.migrations, migrator.history, migrator.runs, migrator.services, migrator.service_state RESTART IDENTITY;
  DROP SCHEMA app CASCADE;
  CREATE SCHEMA app;
END $$;

\getenv staged MIGRATOR_STAGED
\if :{?staged}
  \ir staged.sql
\endif

CALL files.remove('m');
SET search_path = app;
SET client_min_messages = warning;
\pset format unaligned
\pset null '-'
\set ECHO all
