-- CALL migrator.up(): what runs, what comes back, what is on record, where it is refused.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- A result without its times: outcome, applied/failed/total, the migrations.
CREATE FUNCTION files.shown(result jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', result->>'outcome', concat_ws('/', result->>'applied', result->>'failed', result->>'total'),
                   (SELECT string_agg((m->>'version') || '=' || (m->>'outcome'), ' ' ORDER BY n)
                     FROM jsonb_array_elements(result->'migrations') WITH ORDINALITY e(m, n)))
$$;
\set shown 'SELECT files.shown(:\'result\');'

CALL files.make('m/d', '1_a.sql', E'-- Accounts.\nCREATE TABLE a(i int); INSERT INTO a VALUES (1);', '2_b.sql',
  'CREATE INDEX CONCURRENTLY a_i ON app.a(i);', '3_c.sql', 'INSERT INTO a VALUES (2);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
-- the result, with its times masked
SELECT regexp_replace(:'result', '\d+\.\d+', 'T', 'g');
SELECT string_agg(k, ' ' ORDER BY k) AS keys FROM jsonb_object_keys(:'result') k;
SELECT jsonb_typeof(:'result'::jsonb->'duration_ms') AS duration, jsonb_typeof(:'result'::jsonb#>'{migrations,0,execution_time_ms}')
  AS time, (:'result'::jsonb->>'run_id')::bigint = (SELECT max(run_id) FROM migrator.runs) AS run_id;
TABLE a ORDER BY i;
SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_i'::regclass;
-- on record
SELECT service, version, name, file, layout, state, description, run_id, execution_time_ms >= 0 AS timed, applied_by, statement_total,
  statement_done, statement_started,
       lock_key = migrator.lock_key() AS lock_key, backend_pid = pg_backend_pid() AS pid, non_transactional, error_message
  FROM migrator.migrations ORDER BY version;
SELECT run_id, kind, service, source, outcome, total, applied, failed, skipped, duration_ms >= 0 AS timed, started_at <= finished_at
  AS ended, started_by, run_as,
       application_name = current_setting('application_name') AS application, client_addr, backend_pid = pg_backend_pid() AS pid,
         backend_start IS NOT NULL AS start, extension_version
  FROM migrator.runs ORDER BY run_id;
SELECT run_id, version, name, event, statement, line, error_message, applied_by, run_as, backend_pid = pg_backend_pid() AS pid
  FROM migrator.history ORDER BY id;
SELECT version, state, flags FROM migrator.status('m/d');
-- each in a transaction of its own, whose time now() is
SELECT count(DISTINCT applied_at) FROM migrator.migrations;
-- nothing is left behind: no lock, no progress
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
TABLE migrator.locks;
\d migrator.progress
TABLE migrator.progress;

-- Up to date: nothing is run, nothing recorded, no lock taken.
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT regexp_replace(:'result', '\d+\.\d+', 'T', 'g');
SELECT count(*) FROM migrator.runs;
-- and that works in a read-only session
SET default_transaction_read_only = on;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
RESET default_transaction_read_only;
-- an empty directory is none of ours
CALL files.make('m/empty');
CALL migrator.up('m/empty', 'empty');
\echo :LAST_ERROR_SQLSTATE

-- Up to a target, some versions, the rest.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b();', '3_c.sql', 'CREATE TABLE c();', '4_d.sql', 'CREATE TABLE d();');
CALL migrator.up('m/d', target => '1', options => '{"verbose": true}') \gset
:shown
CALL migrator.up('m/d', versions => '{3}', options => '{"verbose": true}') \gset
:shown
-- 2 is late now
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d', options => '{"allow_late": ["2"]}', target => '3') \gset
:shown
CALL migrator.up('m/d', target => '3', options => '{"verbose": true}') \gset
:shown
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT version, run_id, outcome FROM migrator.migrations JOIN migrator.runs USING (run_id) ORDER BY version;
CALL migrator.up('m/d', target => '9');
CALL migrator.up('m/d', target => '1', versions => '{1}');
CALL migrator.up('m/d', versions => '{9}');
CALL migrator.up('m/d', on_error => 'never');
CALL migrator.up('m/d', if_locked => 'never');
CALL migrator.up('m/d', wait_timeout => '-1 s');
CALL migrator.up('m/d', options => '{"nosuch": true}');
-- variables
CALL migrator.up('m/d', variables => '{"a": null}');
\echo :LAST_ERROR_SQLSTATE
-- there is no dry run
\set VERBOSITY sqlstate
CALL migrator.up('m/d', dry_run => true);
\set VERBOSITY default
CALL migrator.up('m/nosuch');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up();
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- A registered service: its source, its search_path; other services do not matter.
CALL files.forget();
CREATE SCHEMA billing;
CALL files.make('m/billing', '1_a.sql', 'CREATE TABLE paid(); CREATE TABLE at_first AS SELECT current_setting(''search_path'') AS path;',
  '2_b.sql', 'CREATE TABLE parts AS SELECT current_setting(''search_path'') AS path; VACUUM paid;');
SELECT migrator.register('billing', 'm/billing', search_path => 'billing, pg_catalog');
CALL migrator.up(service => 'billing', options => '{"verbose": true}') \gset
:shown
SELECT (SELECT path FROM billing.at_first), (SELECT path FROM billing.parts), current_setting('search_path') AS here;
CALL migrator.up(options => '{"verbose": true}') \gset
:shown
CALL migrator.up('m/d', 'billing');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d', 'other', target => '2', options => '{"verbose": true}') \gset
:shown
SELECT service, version, state FROM migrator.migrations ORDER BY 1, 2;
SELECT migration_name, status FROM migrator.billing_schema_migrations ORDER BY 1;
SELECT migrator.unregister('billing');
DROP SCHEMA billing CASCADE;
-- a search_path that begins with the extension's schema
SET search_path = migrator, app;
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SET search_path = app;

-- Switched off.
CALL files.forget();
SET migrator.enabled = off;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT count(*) FROM migrator.migrations;
RESET migrator.enabled;

-- Refused where it cannot commit.
BEGIN;
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
CREATE FUNCTION files.up_in_function() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE result jsonb;
BEGIN
  CALL migrator.up('m/d', result => result);
  RETURN result;
END $$;
SELECT files.up_in_function();
\echo :LAST_ERROR_SQLSTATE
DO $$
DECLARE result jsonb;
BEGIN
  CALL migrator.up('m/d', result => result);
END $$;
\echo :LAST_ERROR_SQLSTATE
DO $$
DECLARE result jsonb;
BEGIN
  COMMIT;
  CALL migrator.up('m/d', result => result);
END $$;
\echo :LAST_ERROR_SQLSTATE
-- even when there is nothing to catch it with
DO $$
DECLARE result jsonb;
BEGIN
  CALL migrator.up('m/d', result => result);
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING '%: %', SQLSTATE, SQLERRM;
END $$;
CREATE PROCEDURE files.up_in_procedure(INOUT result jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
  CALL migrator.up('m/d', result => result);
END $$;
CALL files.up_in_procedure();
\echo :LAST_ERROR_SQLSTATE
ALTER PROCEDURE files.up_in_procedure SET search_path = app;
CALL files.up_in_procedure();
\echo :LAST_ERROR_SQLSTATE
ALTER PROCEDURE files.up_in_procedure RESET search_path;
ALTER PROCEDURE files.up_in_procedure SECURITY DEFINER;
CALL files.up_in_procedure();
\echo :LAST_ERROR_SQLSTATE
-- two statements in one message
SELECT 1 \; CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM migrator.migrations;
-- a run inside of a run
CALL files.make('m/n', '1_up.sql', 'CALL migrator.up(''m/d'');', '2_up.sql', E'-- migrator: no-transaction\nCALL migrator.up(''m/d'');',
  '3_apply.sql', 'SELECT * FROM migrator.apply(''m/d'');', '4_procedure.sql', E'-- migrator: no-transaction\nCALL files.up_in_procedure();');
CALL migrator.up('m/n', versions => '{1}');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/n', versions => '{2}');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/n', versions => '{3}');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/n', versions => '{4}');
\echo :LAST_ERROR_SQLSTATE
SELECT version, state, error_sqlstate FROM migrator.migrations ORDER BY 1;
-- it works from here, prepared too
CALL files.forget();
PREPARE nothing AS SELECT 1;
CALL migrator.up('m/d', target => '2', options => '{"verbose": true}') \gset
:shown
EXECUTE nothing;

-- The session's defaults for transactions change nothing, and stay. (A read-only one refuses the run: up_errors.)
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE seen(how text, isolation text, read_only text, defer text);', '2_b.sql',
  'INSERT INTO seen SELECT ''transaction'', current_setting(''transaction_isolation''), current_setting(''transaction_read_only''), '
  'current_setting(''transaction_deferrable'');',
  '3_c.sql', 'VACUUM seen; INSERT INTO seen SELECT ''part'', current_setting(''transaction_isolation''), '
    'current_setting(''transaction_read_only''), current_setting(''transaction_deferrable'');',
  '4_d.sql', E'-- migrator: no-transaction\nDO $$BEGIN INSERT INTO seen VALUES (''do''); COMMIT; INSERT INTO seen SELECT ''after '
    'commit'', current_setting(''transaction_isolation''), current_setting(''transaction_read_only''), current_setting(''transaction_deferrable''); END$$;',
    '5_e.sql', 'CREATE INDEX CONCURRENTLY ON app.seen(how);');
SET default_transaction_isolation = serializable;
SET default_transaction_deferrable = on;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE seen ORDER BY how;
SELECT current_setting('default_transaction_isolation') AS isolation, current_setting('default_transaction_read_only') AS read_only,
  current_setting('default_transaction_deferrable') AS deferrable;
SHOW transaction_isolation;
RESET default_transaction_isolation;
RESET default_transaction_deferrable;

-- The other way to commit.
CALL files.forget();
SET migrator.commit = each;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SHOW synchronous_commit;
RESET migrator.commit;
CALL files.forget();
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SHOW synchronous_commit;

-- A run that died is told from one in progress.
CALL files.forget();
INSERT INTO migrator.runs (kind, service, started_at, outcome, backend_pid, progress_handle) VALUES ('up', 'default', now(), 'running', 1, 4711),
  ('up', 'other', now(), 'running', 1, NULL);
TABLE migrator.progress;
CALL migrator.up('m/d', target => '1', options => '{"verbose": true}') \gset
:shown
SELECT service, kind, outcome, finished_at IS NOT NULL AS finished, progress_handle = 4711 AS old FROM migrator.runs ORDER BY service, run_id;

-- While it runs: its row, its lock, its progress as its own script sees them.
CALL files.forget();
CALL files.make('m/d', '1_a.sql',
  'SELECT 1; CREATE TABLE seen AS SELECT p.run_id = r.run_id AS run, p.service, p.kind, pid = pg_backend_pid() AS pid, version, '
  'name, migration, migration_total, statement, statement_total, statement_text, elapsed >= ''0'' AS elapsed, waiting_for, '
  'blocked_by, attempt FROM migrator.progress p, migrator.runs r;',
  '2_b.sql', E'VACUUM seen;\n-- second part\nINSERT INTO seen SELECT p.run_id = r.run_id, p.service, p.kind, pid = '
    'pg_backend_pid(), version, name, migration, migration_total, statement, statement_total, statement_text, elapsed >= ''0'', '
    'waiting_for, blocked_by, attempt FROM migrator.progress p, migrator.runs r;',
  '3_c.sql', 'CREATE TABLE seen_runs AS SELECT kind, outcome, total, applied, finished_at, progress_handle IS NOT NULL AS handle '
    'FROM migrator.runs; CREATE TABLE seen_locks AS SELECT service, mode, state, pid = pg_backend_pid() AS ours FROM migrator.locks;',
  '4_d.sql', 'CREATE TABLE seen_marks AS SELECT version, state, statement_done, statement_started FROM migrator.migrations; VACUUM '
    'seen_marks; INSERT INTO seen_marks SELECT version, state, statement_done, statement_started FROM migrator.migrations WHERE version = ''4'';');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT * FROM seen ORDER BY version;
TABLE seen_runs;
TABLE seen_locks;
SELECT * FROM seen_marks ORDER BY version, statement_done;
TABLE migrator.progress;
-- others may look as well
CREATE ROLE "regress migrator watch";
GRANT pg_monitor TO "regress migrator watch";
SET ROLE "regress migrator watch";
TABLE migrator.progress;
RESET ROLE;
DROP OWNED BY "regress migrator watch";
DROP ROLE "regress migrator watch";

-- What it says.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'DO $$BEGIN RAISE NOTICE ''from the script''; END$$;', '2_b.sql', 'VACUUM;', '3_c.sql',
  E'SELECT 1;\nSELECT 1/0;', '4_d.sql', 'SELECT 4;', 'notes.txt', '', 'views.sql', '');
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\setenv MASK 's/[0-9]+\\.[0-9]{3} ms/N ms/; s/[0-9]+\\.[0-9]+/T/g; s/identifier [0-9]+/identifier N/; s/Database "[^"]*"/Database "D"/'
\setenv SAY '"$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -At 2>&1 | sed -E "$MASK"'
\! echo "CALL migrator.up('m/d', target => '2')" | eval "$SAY"
\! echo "CALL migrator.up('m/d', target => '2')" | eval "$SAY"
\! echo "CALL migrator.up('m/d')" | eval "$SAY"
\! echo "CALL migrator.up('m/d', on_error => 'continue')" | eval "$SAY"
\! echo "SET migrator.enabled = off; CALL migrator.up('m/d')" | eval "$SAY"
\! (echo "SET statement_timeout = '1h';"; echo "CALL migrator.up('m/d');") | eval "$SAY" | grep statement_timeout
-- a client that stops on errors exits non-zero
\! "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -c "CALL migrator.up('m/d')" >/dev/null 2>&1; echo $?
CALL files.write('m/d/3_c.sql', 'SELECT 3;');
\! "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -c "CALL migrator.up('m/d')" >/dev/null 2>&1; echo $?
SELECT version, state FROM migrator.migrations ORDER BY version;
