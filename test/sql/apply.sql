-- SELECT migrator.apply(): what runs, what comes back, what stays.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql

CALL files.make('m/d', '1_a.sql', E'-- Accounts.\nCREATE TABLE a(i int);\nINSERT INTO a VALUES (1);', '2_b.sql',
  'INSERT INTO a VALUES (2);', '3_c.sql', 'CREATE VIEW c AS SELECT sum(i) FROM a;');

-- A dry run runs everything, undoes everything, records nothing.
SELECT service, version, name, outcome, execution_time_ms >= 0 AS timed, message FROM migrator.apply('m/d', dry_run => true);
SELECT to_regclass('a'), (SELECT count(*) FROM migrator.migrations), (SELECT count(*) FROM migrator.history), (SELECT count(*) FROM migrator.runs);

-- Up to a target.
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
-- Some versions.
SELECT version, outcome FROM migrator.apply('m/d', versions => '{2}');
-- The rest.
SELECT service, version, name, outcome, execution_time_ms >= 0 AS timed, message FROM migrator.apply('m/d');
TABLE c;
-- Up to date: no rows.
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/d', target => '2');
SELECT * FROM migrator.apply('m/d', dry_run => true);
-- All arguments null: as if they were not given.
SELECT * FROM migrator.apply('m/d', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM migrator.apply();
SELECT * FROM migrator.apply(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- What is on record.
SELECT service, version, name, file, layout, state, environment, length(checksum) AS checksum, left(fingerprint, 2) AS algorithm,
  description, down_script, run_id,
       applied_at <= clock_timestamp() AS applied, execution_time_ms >= 0 AS timed, applied_by, statement_total, statement_done, statement_started,
       lock_key = migrator.lock_key() AS lock_key, backend_pid = pg_backend_pid() AS pid, baseline, non_transactional, error_message
  FROM migrator.migrations ORDER BY version;
SELECT run_id, kind, service, source, environment, outcome, total, applied, failed, skipped, duration_ms >= 0 AS timed, started_at <= finished_at AS ended,
       started_by, run_as, client_addr, extension_version FROM migrator.runs ORDER BY run_id;
SELECT run_id, service, version, name, event, environment, statement, line, error_message, applied_by, run_as,
  application_name = current_setting('application_name') AS application,
       backend_pid = pg_backend_pid() AS pid, extension_version FROM migrator.history ORDER BY id;

-- The transaction is the caller's: ROLLBACK leaves nothing.
CALL files.forget();
BEGIN;
SELECT version, outcome FROM migrator.apply('m/d');
TABLE c;
ROLLBACK;
SELECT to_regclass('a'), (SELECT count(*) FROM migrator.migrations), (SELECT count(*) FROM migrator.history), (SELECT count(*) FROM migrator.runs);
-- ROLLBACK TO as well
BEGIN;
SELECT version FROM migrator.apply('m/d', target => '1');
SAVEPOINT s;
SELECT version FROM migrator.apply('m/d');
ROLLBACK TO s;
SELECT version, state FROM migrator.status('m/d');
SELECT version FROM migrator.apply('m/d', target => '2');
COMMIT;
SELECT version, state FROM migrator.status('m/d');

-- Each migration sees the ones before, in one call and in one query.
CALL files.forget();
SELECT version, outcome FROM migrator.apply('m/d', target => '1') UNION ALL SELECT version, outcome FROM migrator.apply('m/d')
  UNION ALL SELECT version, outcome FROM migrator.apply('m/d');
CALL files.forget();
WITH first AS MATERIALIZED (SELECT * FROM migrator.apply('m/d', target => '1')), rest AS MATERIALIZED (SELECT * FROM migrator.apply('m/d'))
SELECT version FROM first UNION ALL SELECT version FROM rest;
-- in LATERAL
CALL files.forget();
SELECT t, version FROM (VALUES ('1'), ('3')) v(t), LATERAL migrator.apply('m/d', target => t);
-- in the select list; LIMIT does not stop a run half way
CALL files.forget();
SELECT (migrator.apply('m/d')).version LIMIT 1;
SELECT version, state FROM migrator.status('m/d');
CALL files.forget();
SELECT version FROM migrator.apply('m/d') LIMIT 0;
SELECT version, state FROM migrator.status('m/d');
-- behind a condition that is false
SELECT version FROM migrator.apply('m/d') WHERE false;
-- in a cursor: all at the first FETCH
CALL files.forget();
BEGIN;
DECLARE c CURSOR FOR SELECT version FROM migrator.apply('m/d');
FETCH 1 FROM c;
CLOSE c;
COMMIT;
SELECT version, state FROM migrator.status('m/d');
-- in CREATE TABLE AS and a prepared statement
CALL files.forget();
CREATE TABLE made AS SELECT version, outcome FROM migrator.apply('m/d');
TABLE made;
PREPARE up(text) AS SELECT version, outcome FROM migrator.apply($1);
CALL files.forget();
EXECUTE up('m/d');
EXECUTE up('m/d');
DEALLOCATE up;
-- in PL/pgSQL, in a loop, in a handler
CALL files.forget();
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT * FROM migrator.apply('m/d') LOOP
    RAISE WARNING 'did %', r.version;
  END LOOP;
END $$;
CALL files.forget();
CALL files.write('m/d/4_d.sql', 'CREATE TABLE d(); SELECT 1/0;');
DO $$
BEGIN
  PERFORM migrator.apply('m/d');
EXCEPTION WHEN division_by_zero THEN
  RAISE WARNING 'caught: %', SQLERRM;
END $$;
-- undone, and the failure is known
SELECT to_regclass('a'), to_regclass('d');
SELECT version, state FROM migrator.status('m/d');
CALL files.remove('m/d/4_d.sql');
CALL files.forget();
-- in a trigger
CREATE TABLE deploys(source text);
CREATE FUNCTION deploy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM migrator.apply(NEW.source); RETURN NEW; END $$;
CREATE TRIGGER deploy BEFORE INSERT ON deploys FOR EACH ROW EXECUTE FUNCTION deploy();
INSERT INTO deploys VALUES ('m/d'), ('m/d');
SELECT version, state FROM migrator.status('m/d');

-- Services have records of their own, and may share a source.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;');
SELECT service, version, outcome FROM migrator.apply('m/d', service => 'billing');
SELECT service, version, outcome FROM migrator.apply('m/d', service => 'crm');
SELECT service, version, outcome FROM migrator.apply('m/d', service => 'billing');
SELECT service, version, outcome FROM migrator.apply('m/d');

-- migrator.enabled = off: a row that says so, and nothing else.
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1/0;');
SET migrator.enabled = off;
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/nowhere');
RESET migrator.enabled;

-- The environment is recorded.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1;', '3_b.sql', 'SELECT 1;');
SELECT version FROM migrator.apply('m/d', target => '1', environment => 'staging');
SELECT migrator.set_environment('production') \g /dev/null
SET migrator.environment = 'production';
SELECT version FROM migrator.apply('m/d', target => '2');
-- the setting decides, and an argument may only say the same
SELECT version FROM migrator.apply('m/d', environment => 'blue-green_2');
SELECT version FROM migrator.apply('m/d', environment => 'production');
RESET migrator.environment;
SELECT version, environment FROM migrator.status('m/d');

-- A read-only transaction.
CALL files.forget();
BEGIN READ ONLY;
SELECT * FROM migrator.apply('m/d');
ROLLBACK;
BEGIN READ ONLY;
SELECT version, state FROM migrator.status('m/d');
SELECT migrator.is_current('m/d');
ROLLBACK;
-- With nothing to do, a read-only transaction is good enough.
SELECT version FROM migrator.apply('m/d');
BEGIN READ ONLY;
SELECT * FROM migrator.apply('m/d');
ROLLBACK;
-- REPEATABLE READ and SERIALIZABLE
CALL files.forget();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT version FROM migrator.apply('m/d');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT version FROM migrator.apply('m/d');
COMMIT;
