-- CALL migrator.up(): failures, what is kept of them, locks that are lost or not had, time that is over.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.shown(result jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', result->>'outcome', concat_ws('/', result->>'applied', result->>'failed', result->>'total'),
                   (SELECT string_agg((m->>'version') || '=' || (m->>'outcome'), ' ' ORDER BY n)
                     FROM jsonb_array_elements(result->'migrations') WITH ORDINALITY e(m, n)))
$$;
\set shown 'SELECT files.shown(:\'result\');'
-- The record.
CREATE VIEW files.on_record AS SELECT version, state, statement_total AS total, statement_done AS done, statement_started AS started,
  non_transactional AS parts, error_sqlstate, error_message FROM migrator.migrations ORDER BY version;
CREATE VIEW files.log AS SELECT run_id, version, event, statement, line, error_sqlstate, error_message, error_detail, applied_by,
  run_as, backend_pid = pg_backend_pid() AS own_backend FROM migrator.history ORDER BY id;
CREATE VIEW files.calls AS SELECT run_id, kind, outcome, total, applied, failed, skipped, finished_at IS NOT NULL AS finished
  FROM migrator.runs ORDER BY run_id;

-- raise: what came before stays, the failure is on record, written by this backend itself.
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a(i int);', '2_b.sql',
  E'CREATE TABLE b(i int);\n\nINSERT INTO a\n  SELECT 1 / i FROM (VALUES (1), (0)) v(i);', '3_c.sql', 'CREATE TABLE c(i int);',
  '4_d.sql', 'VACUUM nosuch;', '5_e.sql', 'CREATE TABLE e();');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c');
TABLE files.on_record;
TABLE files.log;
TABLE files.calls;
SELECT version, state, message FROM migrator.status('m/d');
SELECT migration_name, status, error_message FROM migrator.schema_migrations;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
TABLE migrator.progress;
-- record_failures is a matter of apply()
SET migrator.record_failures = off;
CALL migrator.up('m/d');
SELECT count(*) FROM files.log WHERE event = 'failed';
RESET migrator.record_failures;
-- stop is raise
CALL files.forget();
CALL migrator.up('m/d', on_error => 'stop');
TABLE files.on_record;
-- continue: the rest runs, and the error at the end names all
CALL files.forget();
CALL migrator.up('m/d', on_error => 'continue');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
TABLE files.log;
TABLE files.calls;
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c'), to_regclass('e');
-- mended: the failed ones alone, and they are not late
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(i int);');
CALL migrator.up('m/d', on_error => 'continue');
CALL files.write('m/d/4_d.sql', 'VACUUM b;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.on_record;
SELECT version, state, flags FROM migrator.status('m/d');

-- Errors keep code, detail, hint, names and context.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'SELECT 1;\nDO $$BEGIN RAISE EXCEPTION ''mine'' USING ERRCODE = ''XX123'', DETAIL = ''detail'', HINT = ''hint''; END$$;',
  '2_b.sql', 'CREATE TABLE d(i int CHECK (i > 0)); VACUUM d; INSERT INTO d VALUES (0);', '3_c.sql',
  E'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN nosuch;\nEND $$;\n\n  SELECT f();', '4_d.sql',
  E'VACUUM;\nCREATE TABLE t(i int);\nCOPY t FROM stdin;\n1\nx\n\\.\n');
CALL migrator.up('m/d', versions => '{1}');
\echo :LAST_ERROR_SQLSTATE
SELECT current_database() AS database \gset
\setenv PGDATABASE :database
\! (echo '\set VERBOSITY verbose'; echo "SET client_min_messages = warning; SET search_path = app;"; echo "CALL migrator.up('m/d', versions => '{2}');") | "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -At 2>&1 | grep -v LOCATION
CALL migrator.up('m/d', versions => '{3}');
CALL migrator.up('m/d', versions => '{4}');
TABLE files.on_record;
TABLE files.log;
-- on a detail there is already, the names of the failed are added
CALL files.forget();
CALL migrator.up('m/d', on_error => 'continue');

-- A deferred constraint is recorded for the migration that broke it.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE p(i int PRIMARY KEY); CREATE TABLE c(i int REFERENCES p DEFERRABLE INITIALLY DEFERRED);',
  '2_b.sql', 'INSERT INTO c VALUES (1);', '3_c.sql', 'INSERT INTO c VALUES (2); INSERT INTO p VALUES (2);', '4_d.sql',
  'BEGIN; INSERT INTO c VALUES (3); COMMIT; INSERT INTO p VALUES (4);', '5_e.sql', 'INSERT INTO c VALUES (5);', '6_f.sql',
  'VACUUM p; INSERT INTO c VALUES (6);', '7_g.sql', 'INSERT INTO p VALUES (7);');
CALL migrator.up('m/d', on_error => 'continue');
TABLE files.on_record;
SELECT (SELECT string_agg(i::text, ' ' ORDER BY i) FROM p) AS p, (SELECT string_agg(i::text, ' ' ORDER BY i) FROM c) AS c;

-- An error behind a commit in DO, in a cursor loop with commits, in a procedure.
CALL files.forget();
CREATE TABLE t(i int);
INSERT INTO t SELECT generate_series(1, 5);
CREATE PROCEDURE fails_at(n int) LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT i FROM t ORDER BY i LOOP
    UPDATE t SET i = -r.i WHERE i = r.i;
    COMMIT;
    IF r.i = n THEN RAISE EXCEPTION 'no'; END IF;
  END LOOP;
END $$;
CALL files.make('m/d', '1_a.sql',
  E'-- migrator: no-transaction\nDO $$BEGIN INSERT INTO t VALUES (10); COMMIT; INSERT INTO t VALUES (11); RAISE EXCEPTION ''no''; END$$;',
  '2_b.sql', E'-- migrator: no-transaction\nCALL fails_at(3);', '3_c.sql',
  E'-- migrator: no-transaction\nDO $$DECLARE r record; BEGIN FOR r IN SELECT i FROM t LOOP RAISE EXCEPTION ''no''; END LOOP; END$$;',
  '4_d.sql', 'INSERT INTO t VALUES (20);');
CALL migrator.up('m/d', on_error => 'continue');
TABLE t ORDER BY abs(i), i;
TABLE files.on_record;

-- A script that gives the locks away: refused when it says so plainly.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT pg_advisory_unlock_all();');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
-- else: the run takes them again, and releases them at its end.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE t(i int); DO $$BEGIN PERFORM pg_advisory_unlock_all(); END$$;', '2_b.sql',
  'CREATE TABLE seen_1 AS SELECT service, mode, state FROM migrator.locks;', '3_c.sql',
  'DO $$BEGIN PERFORM pg_advisory_unlock(migrator.lock_key()); END$$;', '4_d.sql',
  'CREATE TABLE seen_2 AS SELECT service, mode, state FROM migrator.locks; VACUUM t; DO $$BEGIN PERFORM pg_advisory_unlock_all(); END$$;',
  '5_e.sql', 'DO $$BEGIN PERFORM pg_advisory_unlock(migrator.lock_key(''default'', ''up'')); END$$;', '6_f.sql',
  'CREATE TABLE seen_3 AS SELECT service, mode, state FROM migrator.locks; SELECT pg_advisory_lock(4711);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE seen_1;
TABLE seen_2;
TABLE seen_3;
-- (the script's own lock is its own affair)
SELECT classid, objid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT pg_advisory_unlock_all();

-- migration_timeout bounds one migration.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql', 'CREATE TABLE b(); SELECT pg_sleep(600);', '3_c.sql',
  'CREATE TABLE c(); VACUUM c; SELECT pg_sleep(600);', '4_d.sql', 'CREATE TABLE d();');
SET migrator.migration_timeout = '1 s';
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
-- it is a failure of one, the others go on
CALL files.forget();
CALL migrator.up('m/d', on_error => 'continue');
TABLE files.on_record;
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c'), to_regclass('d');
RESET migrator.migration_timeout;
-- a cancel is meant for the whole call, and so is statement_timeout
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql',
  'CREATE TABLE b(); DO $$BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(600); END$$', '3_c.sql', 'CREATE TABLE c();');
\set SHOW_CONTEXT never
CALL migrator.up('m/d', on_error => 'continue');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
SELECT to_regclass('a'), to_regclass('b'), to_regclass('c');
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();', '2_b.sql',
  'CREATE TABLE b(); VACUUM b; DO $$BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(600); END$$', '3_c.sql', 'CREATE TABLE c();');
CALL migrator.up('m/d', on_error => 'continue');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
TABLE files.calls;
CALL files.write('m/d/2_b.sql', 'CREATE TABLE b(); VACUUM b; SELECT 1;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT pg_sleep(600);', '2_b.sql', 'CREATE TABLE b();');
SET statement_timeout = '2 s';
CALL migrator.up('m/d', on_error => 'continue');
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
\set SHOW_CONTEXT errors
TABLE files.on_record;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

-- A lock that another session holds: tried again, and given up.
CALL files.forget();
CREATE TABLE t(i int);
CREATE PROCEDURE files.wait(held boolean) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 3000 LOOP
    EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE relation = to_regclass('app.t') AND granted AND pid <> pg_backend_pid()) = held;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;
\setenv MASK 's/[0-9]+\\.[0-9]{3} ms/N ms/; s/identifier [0-9]+/identifier N/; s/Database "[^"]*"/Database "D"/; s/pid [0-9]+ \\(user "[^"]*"/pid N (user "U"/; s/[0-9]+\\.[0-9]+/T/g'
\setenv SAY '"$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -At 2>&1 | sed -E "$MASK"'
\! PGAPPNAME=report "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -c "BEGIN; LOCK TABLE app.t IN ACCESS SHARE MODE; SELECT pg_sleep(600)" >/dev/null 2>&1 &
CALL files.wait(true);
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE app.a();', '2_b.sql', 'CREATE TABLE app.b(); ALTER TABLE app.t ADD j int;', '3_c.sql',
  'SET search_path = app; VACUUM FULL t;', '4_d.sql', 'CREATE TABLE app.d();');
\! (echo "SET SESSION AUTHORIZATION regress_migrator; SET search_path = app;"; echo "SET migrator.ddl_lock_timeout = '10ms';"; echo "SET migrator.lock_retries = 2;"; echo "CALL migrator.up('m/d', on_error => 'continue');") | eval "$SAY"
TABLE files.on_record;
SELECT version, event, error_sqlstate FROM files.log;
SELECT to_regclass('a'), to_regclass('b'), to_regclass('d');
-- without retries: the first failure is the last, and a lock_timeout of the script's own counts
\! (echo "SET migrator.ddl_lock_timeout = '10ms';"; echo "CALL migrator.up('m/d', versions => '{2}');") | eval "$SAY" | grep -E 'ERROR|attempt'
CALL files.write('m/d/2_b.sql', 'SET LOCAL lock_timeout = ''10ms''; LOCK TABLE app.t NOWAIT;');
\! (echo "SET migrator.lock_retries = 1;"; echo "CALL migrator.up('m/d', versions => '{2}');") | eval "$SAY" | grep -E 'ERROR|attempt|DETAIL:  pid'
-- another error is not tried again
CALL files.write('m/d/2_b.sql', 'SELECT 1/0;');
\! (echo "SET migrator.lock_retries = 5;"; echo "CALL migrator.up('m/d', versions => '{2}');") | eval "$SAY" | grep -E 'ERROR|attempt'
-- what it SET is gone with each attempt; the marks of the record tell the truth
CALL files.write('m/d/2_b.sql', 'SET work_mem = ''9MB''; SET LOCAL lock_timeout = ''10ms''; LOCK TABLE app.t;');
SET migrator.lock_retries = 1;
SET client_min_messages = error;
CALL migrator.up('m/d', versions => '{2}');
\echo :LAST_ERROR_SQLSTATE
SET client_min_messages = warning;
SHOW work_mem;
RESET migrator.lock_retries;
-- the holder ends while it is tried again
CALL files.write('m/d/2_b.sql', 'CREATE TABLE app.b(); ALTER TABLE app.t ADD j int;');
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'report';
CALL files.wait(false);
SET migrator.lock_retries = 5;
SET migrator.ddl_lock_timeout = '10s';
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
RESET migrator.lock_retries;
RESET migrator.ddl_lock_timeout;
TABLE files.on_record;
SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum;

-- Another run in progress: waited for, skipped, refused. (The warning holds a pid.)
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();');
CREATE PROCEDURE files.wait_advisory(held boolean) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 3000 LOOP
    EXIT WHEN EXISTS (SELECT FROM migrator.locks WHERE state = 'held') = held;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;
\! PGAPPNAME=holder "$("${PG_CONFIG:-pg_config}" --bindir)/psql" -X -q -c "BEGIN; SELECT pg_advisory_xact_lock(migrator.lock_key()); SELECT pg_sleep(600)" >/dev/null 2>&1 &
CALL files.wait_advisory(true);
\setenv MASK 's/pid [0-9]+/pid N/; s/user "[^"]*"/user "U"/; s/client [^ )]*/client C/; s/since .*/since T./; s/[0-9]+\\.[0-9]+/T/g'
\! echo "CALL migrator.up('m/d', if_locked => 'fail')" | eval "$SAY"
\! echo "CALL migrator.up('m/d', wait_timeout => '10 ms')" | eval "$SAY"
\! echo "CALL migrator.up('m/d', if_locked => 'skip')" | eval "$SAY" | grep WARNING
\! (echo "SET migrator.if_locked = fail;"; echo "CALL migrator.up('m/d');") | eval "$SAY" | grep ERROR
\! (echo "SET migrator.wait_timeout = '10ms';"; echo "CALL migrator.up('m/d');") | eval "$SAY" | grep ERROR
SET client_min_messages = error;
SET log_min_messages = error;
CALL migrator.up('m/d', if_locked => 'skip', options => '{"verbose": true}') \gset
SELECT :'result'::jsonb->>'outcome' AS outcome;
RESET log_min_messages;
SET client_min_messages = warning;
-- another service does not wait; nothing pending is told at once
CALL files.make('m/e', '1_e.sql', 'CREATE TABLE e();');
CALL migrator.up('m/e', 'other', if_locked => 'fail', options => '{"verbose": true}') \gset
:shown
-- a wait that is cancelled leaves no lock
SET statement_timeout = '1 s';
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT migrator.baseline('m/d') FROM pg_terminate_backend((SELECT pid FROM migrator.locks), 10000);
CALL migrator.up('m/d', if_locked => 'fail', options => '{"verbose": true}') \gset
:shown
-- A session that is read-only by default is a fence, for up() as for apply().
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'SELECT 1;');
SET default_transaction_read_only = on;
CALL migrator.up('m/d');
SELECT version FROM migrator.apply('m/d');
RESET default_transaction_read_only;
SELECT count(*) FROM migrator.history;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET default_transaction_read_only = on;
-- nothing to do, nothing to refuse
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
RESET default_transaction_read_only;
