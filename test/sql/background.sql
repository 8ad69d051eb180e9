-- up_background() and wait_for(): a run in a worker, with the session's user, role and settings.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SET client_min_messages = notice;
CREATE FUNCTION files.shown(result jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT jsonb_pretty(result - 'duration_ms' || jsonb_build_object('migrations',
    (SELECT jsonb_agg(m - 'execution_time_ms') FROM jsonb_array_elements(result->'migrations') m)))
$$;
CREATE VIEW files.calls AS SELECT run_id, kind, outcome, applied, failed, started_by, run_as, application_name, origin,
  backend_pid <> pg_backend_pid() AS elsewhere, finished_at IS NOT NULL AS finished FROM migrator.runs ORDER BY run_id;

CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a(i int);', '2_b.sql', 'CREATE TABLE b(i int);');
SELECT migrator.up_background('m/d');
SELECT files.shown(migrator.wait_for(1));
TABLE files.calls;
SELECT to_regclass('a'), to_regclass('b');
-- the same keys as up() has
CALL files.write('m/d/3_c.sql', 'CREATE TABLE c();');
SET client_min_messages = warning;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET client_min_messages = notice;
SELECT (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(:'result') k) =
  (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(migrator.wait_for(2)) k) AS same_keys;
-- any run can be waited for
SELECT migrator.wait_for(2)->>'outcome', (SELECT origin FROM migrator.runs WHERE run_id = 2);
-- nothing to run: no run_id, no row
SELECT migrator.up_background('m/d');
CALL files.write('m/d/4_d.sql', 'CREATE TABLE d();');
SELECT migrator.up_background('m/d', target => '2');
SET migrator.enabled = off;
SELECT migrator.up_background('m/d');
RESET migrator.enabled;
SELECT count(*) FROM migrator.runs;
SELECT migrator.wait_for(migrator.up_background('m/d', versions => '{4}', wait_timeout => '1 min'))->'applied' AS applied;

-- a failure is raised by whoever waits, as the CALL would have raised it
CALL files.make('m/f', '1_a.sql', 'CREATE TABLE f1();', '2_b.sql', E'SELECT 1;\nSELECT 1 /\n  0;', '3_c.sql', 'SELECT 3;');
SELECT migrator.up_background('m/f', service => 'f') AS run \gset
SELECT migrator.wait_for(:run);
\echo :LAST_ERROR_SQLSTATE
SELECT outcome, applied, failed, error_sqlstate, error_message, error_hint, error_context FROM migrator.runs WHERE run_id = :run;
SELECT migrator.wait_for(:run, '0');
-- what keeps a run from beginning is raised at once
CALL files.write('m/f/2_b.sql', 'SELEKT 1;');
SELECT migrator.up_background('m/f', service => 'f');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.up_background('m/nowhere');
SELECT count(*) FROM migrator.runs WHERE service = 'f';

-- refused before there is a worker
SELECT migrator.up_background('m/d', service => '*');
SELECT migrator.up_background('m/d', target => '1', versions => '{1}');
SELECT migrator.up_background('m/d', options => '{"forse": true}');
SELECT migrator.up_background('m/d', if_locked => 'no');
SELECT migrator.up_background();
BEGIN;
SELECT migrator.register('r', 'm/d');
SELECT migrator.up_background(service => 'r');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT migrator.up_background('m/d');
ROLLBACK;
CREATE FUNCTION files.as_owner() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT migrator.up_background('m/d') $$;
SELECT files.as_owner();
\echo :LAST_ERROR_SQLSTATE
CALL files.make('m/n', '1_a.sql', $$SELECT migrator.up_background('m/d');$$, '2_b.sql', 'SELECT migrator.wait_for(1);');
SET client_min_messages = warning;
CALL migrator.up('m/n', service => 'n');
CALL migrator.up('m/n', service => 'n', versions => '{2}');
SET client_min_messages = notice;
SELECT migrator.wait_for(4711);
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.wait_for(NULL);
SELECT migrator.wait_for(1, '-1 s');

-- the session's user, role and settings, and what is SET LOCAL
CREATE ROLE "regress_migrator Runner";
CREATE ROLE regress_migrator_app;
GRANT regress_migrator_app TO "regress_migrator Runner";
GRANT USAGE ON SCHEMA app TO "regress_migrator Runner", regress_migrator_app;
GRANT CREATE ON SCHEMA app TO regress_migrator_app;
GRANT pg_read_server_files TO regress_migrator_app;
GRANT EXECUTE ON PROCEDURE migrator.up TO regress_migrator_app;
GRANT EXECUTE ON FUNCTION migrator.up_background, migrator.wait_for TO regress_migrator_app;
ALTER ROLE regress_migrator SET work_mem = '5MB';
CREATE FUNCTION files.login() RETURNS text LANGUAGE sql AS $$ SELECT usename::text FROM pg_stat_activity WHERE pid = pg_backend_pid() $$;
GRANT USAGE ON SCHEMA files TO PUBLIC;
CALL files.make('m/s', '1_a.sql', $$
  CREATE TABLE app.seen AS SELECT session_user::text, current_user::text, current_setting('role') AS role, s.name, current_setting(s.name) AS setting
    FROM unnest('{DateStyle,search_path,app.tenant,migrator.lock_retries,migrator.late,application_name,work_mem}'::text[]) s(name);
  RESET ROLE;
  INSERT INTO app.seen SELECT session_user, current_user;
  RESET SESSION AUTHORIZATION;
  INSERT INTO app.seen SELECT replace(session_user, files.login(), 'who logged in'), replace(current_user, files.login(), 'who logged in');$$);
SET migrator.late = allow;
SET SESSION AUTHORIZATION "regress_migrator Runner";
SET ROLE regress_migrator_app;
SET application_name = 'it''s me';
SET app.tenant = E'a\nb';
SET search_path = "no such schema", app;
BEGIN;
SET LOCAL DateStyle = 'German, DMY';
SET LOCAL migrator.lock_retries = 7;
SELECT migrator.up_background('m/s', service => 's') AS run \gset
COMMIT;
SELECT migrator.wait_for(:run)->'applied' AS applied;
SELECT migrator.wait_for(1)->'applied' AS applied;
RESET SESSION AUTHORIZATION;
RESET migrator.late;
RESET application_name;
SET search_path = app;
TABLE app.seen;
SELECT started_by, run_as, application_name, origin FROM migrator.runs WHERE run_id = :run;
-- who may act for a service, or read the record, may see its runs
SELECT migrator.register('s', 'm/s', options => '{"roles": ["regress_migrator"]}');
SET ROLE regress_migrator_app;
SELECT migrator.wait_for(:run);
SELECT migrator.up_background(service => 's');
RESET ROLE;
GRANT SELECT ON migrator.runs TO regress_migrator_app;
SET ROLE regress_migrator_app;
SELECT migrator.wait_for(:run)->'applied' AS applied;
RESET ROLE;

-- a procedure, which holds none of its own between its commits
CREATE PROCEDURE files.end_of_runs() LANGUAGE plpgsql AS $$
BEGIN
  WHILE EXISTS (SELECT FROM migrator.runs WHERE finished_at IS NULL) LOOP
    COMMIT;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;
-- CREATE INDEX CONCURRENTLY waits for the snapshot of whoever waits for it
CALL files.write('m/d/5_e.sql', 'CREATE INDEX CONCURRENTLY a_i ON app.a (i);');
SELECT migrator.wait_for(migrator.up_background('m/d')) IS NULL AS gave_way;
CALL files.end_of_runs();
CALL files.write('m/d/6_f.sql', 'CREATE INDEX CONCURRENTLY a_j ON app.a (i);');
BEGIN;
SELECT migrator.wait_for(migrator.up_background('m/d'));
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
CALL files.end_of_runs();
SELECT indisvalid FROM pg_index WHERE indexrelid IN ('a_i'::regclass, 'a_j'::regclass);

SET SESSION AUTHORIZATION regress_migrator;
DROP OWNED BY "regress_migrator Runner", regress_migrator_app;
DROP ROLE "regress_migrator Runner", regress_migrator_app;
ALTER ROLE regress_migrator RESET work_mem;
