-- new_migration(): the files of a new migration, in the directory's own layout, for those who may write files.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- Times and dates as letters: T is a time of now, D today's date.
CREATE FUNCTION files.masked(name text) RETURNS text LANGUAGE sql AS $$
  SELECT regexp_replace(regexp_replace(regexp_replace(name,
           to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') || '-\d{6}', 'T'),
           to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') || '\d{6}', 'T'),
           to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'), 'D');
$$;
CREATE FUNCTION files.there(directory text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT files.masked(name) FROM pg_ls_dir(directory, true, true) name WHERE name NOT IN ('.', '..') ORDER BY 1;
$$;

-- An empty directory begins as golang-migrate's; the next one goes on.
CALL files.make('m/empty');
SELECT * FROM migrator.new_migration('m/empty', 'Create the  users!');
SELECT file, written FROM migrator.new_migration('m/empty', 'add e-mail');
SELECT files.there('m/empty');
SELECT pg_read_file('m/empty/000001_create_the_users.up.sql');
SELECT version, name, state, message FROM migrator.status('m/empty');
-- the way back is none until it is written
SELECT check_name, severity, version, message FROM migrator.validate('m/empty') WHERE severity <> 'ok';
BEGIN;
SELECT version, outcome FROM migrator.apply('m/empty');
SELECT migrator.rollback('m/empty');
ROLLBACK;

-- Given scripts are written as they are, with the end of their last line; and read as a run would.
SELECT * FROM migrator.new_migration('m/empty', 'c', up => E'CREATE TABLE c ();\nSELECT ''ä€''', down => E'DROP TABLE c;\n');
SELECT encode(pg_read_binary_file('m/empty/000003_c.up.sql'), 'escape');
SELECT file FROM migrator.new_migration('m/empty', 'd', up => E'SELECT 1;\nSELECT (;', down => 'COMMIT');
SELECT file FROM migrator.new_migration('m/empty', 'e', up => 'CREATE INDEX CONCURRENTLY i ON c (a)', down => E'\\copy x');

-- A description that would be a word to a tool is none.
SELECT file, content FROM migrator.new_migration('m/empty', 'migrator: manual');
SELECT file, content FROM migrator.new_migration('m/empty', E'two\nlines; DROP TABLE x');
-- names
SELECT file FROM unnest(ARRAY['Grüße an alle', '../../etc/passwd', 'a/b\c', 'x.down', '  --  Ab9  --  ', repeat('n', 100)]) d,
       migrator.new_migration('m/empty', d);
SELECT files.error(format('SELECT migrator.new_migration(''m/empty'', %L)', d))
  FROM unnest(ARRAY['', '  ', 'ъ', '..', repeat('n', 101)]) d;
SELECT files.error($$SELECT migrator.new_migration('m/empty', NULL)$$);

-- Each layout: as its latest migration is named.
CREATE PROCEDURE files.try(VARIADIC names text[]) LANGUAGE plpgsql AS $$
DECLARE
  made record;
BEGIN
  CALL files.names('m/t', VARIADIC names);
  FOR made IN SELECT * FROM migrator.new_migration('m/t', 'Add e-mail') LOOP
    RAISE INFO '%', files.masked(made.file);
  END LOOP;
END $$;
\set VERBOSITY terse
CALL files.try('0009_a.up.sql', '0009_a.down.sql');
CALL files.try('9_a.up.sql');
CALL files.try('999_a.up.sql', '99_b.up.sql');
CALL files.try('20240101120000_a.up.sql');
CALL files.try('20240101_a.up.sql');
CALL files.try('99999999999999999999999999_a.up.sql');
CALL files.try('20240101120000_a/migration.sql', 'migration_lock.toml');
CALL files.try('2024-01-01-120000_a/up.sql', '2024-01-01-120000_a/down.sql');
CALL files.try('00000000000000_diesel_initial_setup/up.sql');
CALL files.try('20240101-a.sql');
CALL files.try('20240101-a.up.sql', '20240101-a.down.sql');
CALL files.try('20240101120000_a.sql');
CALL files.try('1.sql');
CALL files.try('01-a.sql', '02-b.sql');
CALL files.try('0007_a.sql');
CALL files.try('3.a.sql');
-- behind what lies in the future, and behind what is of today
CALL files.try('29991231235959_a.sql');
CALL files.try('29991231-a.sql');
CALL files.try('20991231235959_a/migration.sql');
SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') || '-b.sql' AS today \gset
CALL files.try(:'today');
CALL files.try('99999999999999_a/migration.sql');
-- two in one second are two
CALL files.try('20240101120000_a/migration.sql');
SELECT count(DISTINCT split_part(file, '_', 1)) FROM generate_series(1, 5) i, migrator.new_migration('m/t', 'n' || i);
-- a way back alone has its number
CALL files.try('3_b.down.sql', '1_a.up.sql');

-- What is no migration, or not behind the others, is refused.
CALL files.names('m/n', '1_a.sql');
SELECT files.error($$SELECT migrator.new_migration('m/n', 'x', down => 'SELECT 1')$$);
SELECT files.error($$SELECT migrator.new_migration('m/n', 'slow down')$$);
CALL files.names('m/bad', 'a.sql', 'b.sql', 'c.txt');
SELECT files.error($$SELECT migrator.new_migration('m/bad', 'x')$$);
CALL files.names('m/both', '1_a.up.sql', '20240101120000_b/migration.sql');
SELECT files.error($$SELECT migrator.new_migration('m/both', 'x')$$);
SELECT files.error($$SELECT migrator.new_migration('m/nowhere', 'x')$$);
SELECT files.error($$SELECT migrator.new_migration(NULL, 'x')$$);

-- What ran has its number, also where its file is gone.
CALL files.make('m/gone', '1_a.up.sql', 'SELECT 1', '2_b.up.sql', 'SELECT 1');
SELECT version, outcome FROM migrator.apply('m/gone', 'gone');
CALL files.remove('m/gone/2_b.up.sql');
SELECT file FROM migrator.new_migration('m/gone', 'c', 'gone');
CALL files.make('m/gone');
SELECT file FROM migrator.new_migration('m/gone', 'c', 'gone');

-- Environments: their folders; the number is one for all.
CALL files.names('m/env', 'common/001_a.up.sql', 'production/002_b.up.sql', 'staging/');
SELECT file FROM migrator.new_migration('m/env', 'c');
SELECT file FROM migrator.new_migration('m/env', 'd', environment => 'production');
SELECT file FROM migrator.new_migration('m/env', 'e', environment => 'staging', down => 'SELECT 1');
SELECT files.error(format('SELECT migrator.new_migration(''m/env'', ''x'', environment => %L)', e))
  FROM unnest(ARRAY['nowhere', 'common', '..', 'Production', '']) e;
SELECT files.error($$SELECT migrator.new_migration('m/n', 'x', environment => 'production')$$);
SELECT files.there('m/env/staging');
CALL files.write('m/env/environments.json', '{"current_environment": "test", "environments": {"test": {}}}');
SELECT file FROM migrator.new_migration('m/env', 'f', environment => 'test');

-- Sums that another program keeps of all files have to follow, and so they stop a run.
CALL files.make('m/sums', '1_a.up.sql', 'SELECT 1;', 'atlas.sum',
  E'h1:' || encode(sha256('1_a.up.sql' || encode(sha256('1_a.up.sqlSELECT 1;'), 'base64')::bytea), 'base64') || E'\n1_a.up.sql h1:'
  || encode(sha256('1_a.up.sqlSELECT 1;'), 'base64') || E'\n');
SELECT version, outcome FROM migrator.apply('m/sums', 'sums');
SET client_min_messages = notice;
SELECT file, written FROM migrator.new_migration('m/sums', 'b', 'sums');
SET client_min_messages = warning;
SELECT files.error($$SELECT migrator.apply('m/sums', 'sums')$$);
SELECT files.error($$SELECT migrator.new_migration('m/sums', 'c')$$);
CALL files.names('m/sums', '1_a.sql', 'atlas.sum');
SELECT files.error($$SELECT migrator.new_migration('m/sums', 'b')$$);

-- A registered source.
SELECT migrator.register('shop', current_setting('data_directory') || '/m/n');
SELECT file, written FROM migrator.new_migration(NULL, 'x', 'shop');

-- Who may not write gets names and text, and nothing is written.
CREATE ROLE "regress_migrator writer" NOLOGIN;
GRANT EXECUTE ON FUNCTION migrator.new_migration TO "regress_migrator writer";
GRANT pg_read_server_files TO "regress_migrator writer";
SET ROLE "regress_migrator writer";
SELECT * FROM migrator.new_migration('m/n', 'by nobody', up => 'SELECT 1');
RESET ROLE;
SELECT files.there('m/n');
GRANT pg_write_server_files TO "regress_migrator writer";
SET ROLE "regress_migrator writer";
SELECT * FROM migrator.new_migration('m/n', 'by a writer', up => 'SELECT 1');
RESET ROLE;
SELECT files.there('m/n');
-- the right to write is none to look
REVOKE pg_read_server_files FROM "regress_migrator writer";
SET ROLE "regress_migrator writer";
SELECT * FROM migrator.new_migration('m/n', 'x');
RESET ROLE;

-- Links lead nowhere: the folder of an environment, the place of the new file.
CALL files.names('m/links', 'common/001_a.up.sql');
CALL files.run('mkdir m/elsewhere && ln -s ../elsewhere m/links/production');
SELECT files.error($$SELECT migrator.new_migration('m/links', 'x', environment => 'production')$$);
SELECT count(*) FROM files.there('m/elsewhere');
SELECT files.there('m/links');
-- a read-only transaction writes files all the same, and a rollback leaves them
BEGIN READ ONLY;
SELECT file, written FROM migrator.new_migration('m/links', 'x');
ROLLBACK;
SELECT files.there('m/links/common');

REVOKE ALL ON FUNCTION migrator.new_migration FROM "regress_migrator writer";
DROP ROLE "regress_migrator writer";
