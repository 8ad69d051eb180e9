-- Who may do what.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE ROLE "regress_migrator's user";
CREATE ROLE regress_migrator_owner;
SELECT current_user AS me, current_database() AS database \gset

-- Nothing is executable by PUBLIC but what looks at nothing.
SELECT proname FROM pg_proc p WHERE pronamespace = 'migrator'::regnamespace AND has_function_privilege('regress_migrator_owner', p.oid, 'EXECUTE') ORDER BY 1;
SELECT relname FROM pg_class c WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'S')
  AND has_table_privilege('regress_migrator_owner', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1;
SELECT has_schema_privilege('regress_migrator_owner', 'migrator', 'USAGE') AS usage,
  has_schema_privilege('regress_migrator_owner', 'migrator', 'CREATE') AS "create";
CALL files.make('m/in/d', '1_a.sql', 'CREATE TABLE app.made(); SELECT current_user;');
CALL files.make('m/out', '1_a.sql', 'CREATE TABLE app.escaped();');
SET ROLE "regress_migrator's user";
SELECT * FROM migrator.apply('m/in/d');
SELECT * FROM migrator.status('m/in/d');
SELECT migrator.is_current('m/in/d');
SELECT migrator.register('x', 'm/in/d');
SELECT migrator.resolve('1', 'applied');
SELECT migrator.unlock();
CALL migrator.up('m/in/d');
TABLE migrator.migrations;
SELECT migrator.version() IS NOT NULL, count(*) > 10, migrator.lock_key() IS NOT NULL FROM migrator.help();
RESET ROLE;

-- EXECUTE alone does not let anybody read files; what exists is not told, either.
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrator TO "regress_migrator's user";
SET ROLE "regress_migrator's user";
SELECT * FROM migrator.apply('m/in/d');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM migrator.status('m/nowhere');
SELECT * FROM migrator.validate('/etc');
SELECT migrator.register('x', '/etc');
SELECT migrator.baseline('/');
SET migrator.source_roots = '/';
RESET ROLE;

-- Below migrator.source_roots all may read; '..', links and names that merely begin alike do not lead out.
SELECT set_config('migrator.source_roots', current_setting('data_directory') || '/m/in, ' || current_setting('data_directory') || '/m/gone', false) \g /dev/null
GRANT USAGE, CREATE ON SCHEMA app TO "regress_migrator's user";
SET ROLE "regress_migrator's user";
SELECT version, outcome FROM migrator.apply('m/in/d');
-- the table is the caller's
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'app';
SELECT version, state, applied_by = session_user AS session FROM migrator.status('m/in/d');
SELECT version, state FROM migrator.status('m/in/../in/d');
SELECT version, state FROM migrator.status('m/in/../out');
SELECT version, state FROM migrator.status('m');
SELECT version, state FROM migrator.status('m/gone');
RESET ROLE;
CALL files.make('m/inner', '1_a.sql', 'SELECT 1;');
CALL files.run('ln -s ../out m/in/link && mkdir m/in/files && ln -s ../../out/1_a.sql m/in/files/1_a.sql && mkdir m/in/good && ln '
  '-s ../d/1_a.sql m/in/good/1_a.sql && mkdir m/in/folders && ln -s ../../out m/in/folders/20240101_x');
SET ROLE "regress_migrator's user";
SELECT version, state FROM migrator.status('m/inner');
SELECT version, state FROM migrator.status('m/in/link');
RESET ROLE;
GRANT USAGE ON SCHEMA files TO "regress_migrator's user";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA files TO "regress_migrator's user";
GRANT pg_read_all_settings TO "regress_migrator's user";
SET ROLE "regress_migrator's user";
SELECT files.error($$SELECT * FROM migrator.apply('m/in/files', 'x')$$);
SELECT files.error($$SELECT * FROM migrator.status('m/in/folders')$$);
SELECT version, state FROM migrator.status('m/in/good');
SELECT check_name, severity, file FROM migrator.validate('m/in/files', 'x') WHERE severity = 'error';
RESET ROLE;
-- no roots, a root of all
SET migrator.source_roots = '';
SET ROLE "regress_migrator's user";
SELECT version, state FROM migrator.status('m/in/d');
RESET ROLE;
SET migrator.source_roots = '/';
SET ROLE "regress_migrator's user";
SELECT version, state FROM migrator.status('m/out', 'x');
RESET ROLE;
RESET migrator.source_roots;
-- a member of pg_read_server_files may read all
GRANT pg_read_server_files TO "regress_migrator's user";
SET ROLE "regress_migrator's user";
SELECT version, state FROM migrator.status('m/out', 'x');

-- Scripts run with the caller's rights.
RESET ROLE;
CREATE SCHEMA closed;
CREATE TABLE closed.secret AS SELECT 42 AS answer;
CREATE PROCEDURE files.try(script text) LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  CALL files.make('m/try', '1_a.sql', script);
  SET LOCAL ROLE "regress_migrator's user";
  BEGIN
    PERFORM migrator.apply('m/try', 'try');
    RAISE EXCEPTION 'it ran';
  EXCEPTION WHEN OTHERS THEN
    result := SQLSTATE;
  END;
  RESET ROLE;
  RAISE WARNING '% of: %', result, script;
END $$;
\set SHOW_CONTEXT never
CALL files.try('CREATE TABLE closed.x();');
CALL files.try('SELECT * FROM closed.secret;');
CALL files.try('CREATE ROLE regress_migrator_x;');
CALL files.try('INSERT INTO migrator.migrations (service, version, state) VALUES (''default'', ''0'', ''applied'');');
CALL files.try('DELETE FROM migrator.history;');
CALL files.try('TRUNCATE migrator.runs;');
CALL files.try('SELECT nextval(''migrator.runs_run_id_seq'');');
CALL files.try('CREATE TABLE migrator.x();');
CALL files.try('SELECT pg_read_file(''PG_VERSION'');');
CALL files.try('SET migrator.late = allow;');
CALL files.try('COPY (SELECT 1) TO PROGRAM ''true'';');
CALL files.try('ALTER FUNCTION migrator.apply OWNER TO current_user;');
\set SHOW_CONTEXT errors

-- The tables are not writable by others, not even for the owner of the database; he may read them.
ALTER DATABASE :"database" OWNER TO regress_migrator_owner;
SET ROLE regress_migrator_owner;
SELECT service, version, state FROM migrator.migrations ORDER BY 1, 2;
SELECT relname FROM pg_class c WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'S')
  AND NOT has_table_privilege(c.oid, 'SELECT') ORDER BY 1;
SELECT relname FROM pg_class c WHERE relnamespace = 'migrator'::regnamespace AND relkind IN ('r', 'v', 'S')
  AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1;
SELECT count(*) FROM migrator.locks;
SELECT count(*) FROM migrator.schema_migrations;
DELETE FROM migrator.migrations;
SELECT * FROM migrator.apply('m/in/d');
RESET ROLE;
-- a service's view, too
SELECT migrator.register('default', 'm/in/d') \g /dev/null
SET ROLE regress_migrator_owner;
SELECT count(*) FROM migrator.default_schema_migrations;
RESET ROLE;
ALTER DATABASE :"database" OWNER TO :"me";

-- Who ran what: session user and current user.
CALL files.make('m/in/e', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1/0;');
SET ROLE "regress_migrator's user";
SELECT version, outcome FROM migrator.apply('m/in/e', 'who', on_error => 'continue');
SELECT version FROM migrator.apply('m/in/e', 'who');
RESET ROLE;
SELECT version, event, applied_by = :'me' AS session, run_as FROM migrator.history WHERE service = 'who' ORDER BY id;
SELECT outcome, started_by = :'me' AS session, run_as FROM migrator.runs WHERE service = 'who' ORDER BY run_id;

-- unlock() has the rights of pg_cancel_backend(): a superuser's session is not theirs to cancel.
\setenv PGDATABASE :database
\! "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -c "BEGIN; SELECT pg_advisory_xact_lock(migrator.lock_key('held')); SELECT pg_sleep(600)" >/dev/null 2>&1 &
INSERT INTO migrator.migrations (service, version, state) VALUES ('held', '1', 'applied');
DO $$ BEGIN FOR i IN 1 .. 3000 LOOP EXIT WHEN EXISTS (SELECT FROM migrator.locks); PERFORM pg_sleep(0.01); END LOOP; END $$;
SET ROLE "regress_migrator's user";
\set VERBOSITY sqlstate
SELECT * FROM migrator.unlock('held');
-- whoever is made to wait may know for whom
\set VERBOSITY terse
SELECT * FROM migrator.apply('m/in/e', 'held', if_locked => 'fail');
\set VERBOSITY default
RESET ROLE;
SELECT count(*) FROM migrator.unlock('held', true);

DROP OWNED BY "regress_migrator's user";
DROP OWNED BY regress_migrator_owner;
DROP ROLE "regress_migrator's user";
DROP ROLE regress_migrator_owner;
DROP SCHEMA closed CASCADE;
