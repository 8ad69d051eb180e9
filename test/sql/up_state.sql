-- CALL migrator.up() of scripts that run part by part: the state of the session is kept with the mark, and had again or refused.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.shown(result jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', result->>'outcome', concat_ws('/', result->>'applied', result->>'failed', result->>'total'),
                   (SELECT string_agg((m->>'version') || '=' || (m->>'outcome'), ' ' ORDER BY n)
                     FROM jsonb_array_elements(result->'migrations') WITH ORDINALITY e(m, n)))
$$;
\set shown 'SELECT files.shown(:\'result\');'
CREATE VIEW files.on_record AS SELECT version, state, statement_done AS done, statement_started AS started, resume_state
  FROM migrator.migrations ORDER BY version;
CREATE VIEW files.some AS SELECT current_setting('search_path') AS path, current_user, current_setting('work_mem') AS work_mem,
  current_setting('app.x', true) AS x, current_setting('lock_timeout') AS lock_timeout;
CREATE VIEW files.made AS SELECT n.nspname, relname, relowner::regrole AS owner FROM pg_class c JOIN pg_namespace n
  ON n.oid = relnamespace WHERE nspname IN ('app', 'other') AND relkind = 'r' ORDER BY 2, 1;
CREATE ROLE "regress migrator other";
CREATE ROLE "regress migrator third";
CREATE SCHEMA other;
GRANT ALL ON SCHEMA other TO PUBLIC;
GRANT USAGE ON SCHEMA files TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA files TO PUBLIC;
CREATE PROCEDURE files.again() LANGUAGE plpgsql AS $$
BEGIN
  CALL files.forget();
  GRANT ALL ON SCHEMA app TO PUBLIC;
  DROP SCHEMA other CASCADE;
  CREATE SCHEMA other;
  GRANT ALL ON SCHEMA other TO PUBLIC;
END $$;
-- Scripts are stopped in their middle by what is not there yet, and go on when it is.
CREATE PROCEDURE files.mend() LANGUAGE plpgsql AS $$
BEGIN
  CREATE TABLE app.missing();
  GRANT SELECT ON app.missing TO PUBLIC;
END $$;
SET client_min_messages = error;

-- By set_config(), in a function, in a DO: what comes after lands where it would have, and belongs to whom it would have.
CALL files.again();
CALL files.make('m/d', '1_a.sql', $$
  SELECT set_config('search_path', 'other', false), set_config('app.x', 'it''s "x" \ é', false);
  DO $do$ BEGIN EXECUTE 'SET ROLE "regress migrator other"'; SET work_mem = '9MB'; END $do$;
  CREATE TABLE before AS TABLE files.some;
  SELECT FROM app.missing;
  CREATE TABLE after AS TABLE files.some;
  RESET ROLE;
  VACUUM;
$$);
CALL migrator.up('m/d');
TABLE files.on_record;
TABLE files.some;
CALL files.mend();
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE other.before;
TABLE other.after;
TABLE files.made;
-- nothing of it is kept when it is applied
TABLE files.on_record;

-- A role and a configuration that finished statements took away again do not matter; nor do statements that only warn.
CALL files.again();
CREATE ROLE "regress migrator gone";
GRANT CREATE, USAGE ON SCHEMA other TO "regress migrator gone";
CALL files.make('m/d', '1_a.sql', $$
  SET ROLE "regress migrator gone";
  CREATE TABLE other.theirs();
  RESET ROLE;
  DROP OWNED BY "regress migrator gone";
  DROP ROLE "regress migrator gone";
  CREATE TEXT SEARCH CONFIGURATION other.conf (COPY = simple);
  SET default_text_search_config = 'other.conf';
  RESET default_text_search_config;
  DROP TEXT SEARCH CONFIGURATION other.conf;
  BEGIN; SET LOCAL work_mem = '9MB'; SET app.x = 'set'; SET LOCAL app.x = 'local'; COMMIT;
  BEGIN; SET LOCAL search_path = other; COMMIT;
  VACUUM;
  SELECT FROM app.missing;
  CREATE TABLE after AS TABLE files.some;
$$);
CALL migrator.up('m/d');
TABLE files.on_record;
CALL files.mend();
SET client_min_messages = warning;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET client_min_messages = error;
:shown
TABLE app.after;

-- What cannot be had again stops it: a role, a configuration, a value, a right.
CALL files.again();
CREATE ROLE "regress migrator gone";
CALL files.make('m/d', '1_a.sql',
  $$VACUUM pg_foreign_table; SET app.x = 'kept'; SET ROLE "regress migrator gone"; SELECT FROM app.missing; CREATE TABLE app.after();$$);
CALL migrator.up('m/d');
DROP ROLE "regress migrator gone";
CALL files.mend();
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
TABLE files.some;
CREATE ROLE "regress migrator gone";
GRANT ALL ON SCHEMA app TO "regress migrator gone";
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.made;
CALL files.again();
DROP ROLE "regress migrator gone";
CALL files.make('m/d', '1_a.sql',
  $$CREATE TEXT SEARCH CONFIGURATION other.conf (COPY = simple); SET default_text_search_config = 'other.conf'; VACUUM; $$ ||
    $$DROP TEXT SEARCH CONFIGURATION other.conf; SELECT FROM app.missing;$$);
CALL migrator.up('m/d');
CALL files.mend();
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.resolve('1', 'rolled_back');
TABLE files.on_record;
CALL files.again();
GRANT "regress migrator third" TO "regress migrator other";
GRANT SET ON PARAMETER log_min_duration_sample TO "regress migrator third";
GRANT EXECUTE ON PROCEDURE migrator.up TO "regress migrator other";
GRANT USAGE ON SCHEMA migrator TO "regress migrator other";
GRANT pg_read_server_files TO "regress migrator other";
CALL files.make('m/d', '1_a.sql', $$-- migrator: no-transaction
SET ROLE "regress migrator third"; SET log_min_duration_sample = '3h'; SELECT FROM app.missing;
  CREATE TABLE app.after AS SELECT current_user, current_setting('log_min_duration_sample');$$);
SET SESSION AUTHORIZATION "regress migrator other";
CALL migrator.up('m/d');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_migrator;
SELECT resume_state FROM files.on_record;
CALL files.mend();
REVOKE SET ON PARAMETER log_min_duration_sample FROM "regress migrator third";
SET SESSION AUTHORIZATION "regress migrator other";
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SET SESSION AUTHORIZATION regress_migrator;
GRANT SET ON PARAMETER log_min_duration_sample TO "regress migrator third";
SET SESSION AUTHORIZATION "regress migrator other";
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET SESSION AUTHORIZATION regress_migrator;
:shown
TABLE app.after;
REVOKE SET ON PARAMETER log_min_duration_sample FROM "regress migrator third";

-- Equal to what the caller had by chance; RESET of what the caller had; numbers keep all their digits.
CALL files.again();
SET work_mem = '5MB';
SET app.x = 'caller';
CALL files.make('m/d', '1_a.sql',
  $$SET work_mem = '5MB'; RESET app.x; SET random_page_cost = 1.23456789012; VACUUM; SELECT FROM app.missing; $$ ||
    $$CREATE TABLE app.after AS SELECT path, work_mem, x, current_setting('random_page_cost') FROM files.some;$$);
CALL migrator.up('m/d');
SELECT resume_state FROM files.on_record;
RESET work_mem;
SET app.x = 'other caller';
-- twice stopped: nothing gets lost on the way
CALL migrator.up('m/d');
SELECT resume_state FROM files.on_record;
CALL files.mend();
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE app.after;
TABLE files.some;
RESET app.x;

-- Another role, another search_path: refused, and nothing is done.
CALL files.again();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE one(i int); VACUUM; SELECT FROM app.missing; CREATE TABLE two();');
CALL migrator.up('m/d');
CALL files.mend();
SET search_path = other;
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SET search_path = app;
SELECT migrator.register('default', 'm/d', search_path => 'other');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.unregister('default');
SET ROLE "regress migrator other";
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
TABLE files.on_record;
SELECT event, error_sqlstate FROM migrator.history ORDER BY id;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.made;

-- RESET ROLE leads to whom the session belongs.
CALL files.again();
CALL files.make('m/d', '1_a.sql', 'RESET ROLE; CREATE TABLE app.one(i int); VACUUM app.one; SELECT FROM app.missing; CREATE TABLE app.two();');
SET SESSION AUTHORIZATION "regress migrator other";
CALL migrator.up('m/d');
SET SESSION AUTHORIZATION regress_migrator;
CALL files.mend();
SET ROLE "regress migrator other";
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT current_user;
RESET ROLE;
SET SESSION AUTHORIZATION "regress migrator other";
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET SESSION AUTHORIZATION regress_migrator;
:shown
TABLE files.made;

-- A part that leaves its transaction READ ONLY is marked as any other, once.
CALL files.again();
CREATE TABLE t(i serial, what text);
CALL files.make('m/d', '1_a.sql', $$
  -- migrator: no-transaction
  INSERT INTO t(what) VALUES ('one');
  SET TRANSACTION READ ONLY;
  BEGIN; INSERT INTO t(what) VALUES ('two'); SET TRANSACTION READ ONLY; COMMIT;
  DO $do$ BEGIN INSERT INTO t(what) VALUES ('three'); COMMIT; SET TRANSACTION READ ONLY; PERFORM 1; END $do$;
  DO $do$ BEGIN INSERT INTO t(what) VALUES ('four'); COMMIT; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE; $$ ||
    $$PERFORM count(*) FROM t; END $do$;
  BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; SELECT count(*) FROM t; COMMIT;
  SELECT set_config('transaction_read_only', 'on', false);
  VACUUM t;
  SELECT FROM app.missing;
  INSERT INTO t(what) VALUES ('five');
$$);
CALL migrator.up('m/d');
SELECT done, started FROM files.on_record;
CALL files.mend();
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t;
-- the defaults that VACUUM and its like begin their transactions with
CALL files.again();
CREATE TABLE t(i int);
CALL files.make('m/d', '1_a.sql', $$
  SET default_transaction_read_only = on;
  SET default_transaction_isolation = serializable;
  SET default_transaction_deferrable = on;
  SET row_security = off;
  SET session_replication_role = replica;
  SET lock_timeout = '1ms';
  SET statement_timeout = '1ms';
  VACUUM t;
  CREATE INDEX CONCURRENTLY t_i ON t(i);
  REINDEX TABLE CONCURRENTLY t;
  DO $do$ BEGIN COMMIT; PERFORM 1; END $do$;
  VACUUM t;
  SELECT FROM app.missing;
  INSERT INTO t VALUES (1);
$$);
CALL migrator.up('m/d');
SELECT done, started, resume_state->'settings' AS settings FROM files.on_record;
CALL files.mend();
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t;
SELECT name, setting FROM pg_settings WHERE name LIKE 'default_transaction%' ORDER BY 1;

-- A statement is the first in its transaction that could write; but DO and CALL say that they were begun.
CALL files.again();
CREATE FUNCTION files.nothing_written() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'transaction has written';
  END IF;
  RETURN 'nothing written';
END $$;
CALL files.make('m/d', '1_a.sql',
  'VACUUM; SELECT files.nothing_written(); BEGIN; SELECT files.nothing_written(); COMMIT; SELECT files.nothing_written(); DO '
  '$$BEGIN COMMIT; RAISE EXCEPTION ''no''; END$$;');
CALL migrator.up('m/d');
SELECT done, started FROM files.on_record;

-- A mark that is not ours any more: the part is undone, and what another put on record stays.
CALL files.again();
CREATE TABLE t(i int);
CALL files.make('m/d', '1_a.sql',
  'VACUUM t; INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2); UPDATE migrator.migrations SET run_id = 77; COMMIT; INSERT INTO t VALUES (3);');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE t;
CALL files.write('m/d/1_a.sql', 'VACUUM t; INSERT INTO t VALUES (1); UPDATE migrator.migrations SET state = ''applied''; INSERT INTO t VALUES (3);');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE t;
CALL files.write('m/d/1_a.sql', 'VACUUM t; INSERT INTO t VALUES (1); DELETE FROM migrator.migrations; INSERT INTO t VALUES (3);');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE t;

-- A script whose first transaction statement is COMMIT is in a transaction from its beginning.
CALL files.again();
CREATE TABLE t(i int);
CALL files.make('m/d', '1_a.sql', E'SET work_mem = ''9MB'';\nCREATE INDEX CONCURRENTLY t_i ON t(i);\nVACUUM t;\nCOMMIT;\nVACUUM t;');
SELECT version, severity, message, line FROM migrator.validate('m/d') WHERE severity IN ('error', 'warning');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM migrator.migrations;
CALL files.write('m/d/1_a.sql', E'SET work_mem = ''9MB'';\nCREATE INDEX t_i ON t(i);\nCOMMIT;\nVACUUM t;\nBEGIN;\nCOMMIT;\nREINDEX INDEX CONCURRENTLY t_i;');
SELECT version, severity, message, line FROM migrator.validate('m/d') WHERE severity IN ('error', 'warning');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
CALL files.make('m/d', '2_b.sql', E'BEGIN;\nCOMMIT;\nCREATE INDEX CONCURRENTLY t_i2 ON t(i);\nCOMMIT;');
SELECT version, severity, message, line FROM migrator.validate('m/d') WHERE severity = 'error';

-- RESET and SET ... TO DEFAULT come back to what is registered, in both forms and both calls.
CALL files.again();
SET migrator.ddl_lock_timeout = '77s';
SET search_path = app;
CALL files.make('m/d', '1_a.sql', 'SET search_path = app; RESET ALL; CREATE TABLE one AS TABLE files.some;',
  '2_b.sql', 'VACUUM; RESET ALL; CREATE TABLE two AS TABLE files.some; VACUUM; INSERT INTO two TABLE files.some;',
  '3_c.sql', 'SET search_path TO DEFAULT; CREATE TABLE three(); RESET search_path; CREATE TABLE three_too(); SET LOCAL search_path '
    'TO DEFAULT; SELECT set_config(''search_path'', NULL, false); CREATE TABLE three_as_well();',
  '4_d.sql', 'VACUUM; SET search_path = app; BEGIN; SET LOCAL search_path TO DEFAULT; CREATE TABLE four(); COMMIT; CREATE TABLE '
    'four_app(); DO $$BEGIN RESET ALL; END$$; CREATE TABLE four_too(); DO $$BEGIN COMMIT; CREATE TABLE four_as_well(); END$$;');
SELECT migrator.register('default', 'm/d', search_path => 'other, app');
CALL migrator.up(options => '{"verbose": true}') \gset
:shown
TABLE files.made;
TABLE other.one;
TABLE other.two;
TABLE files.some;
CALL files.again();
SELECT migrator.register('default', 'm/d', search_path => 'other, app');
SELECT version, outcome FROM migrator.apply(versions => ARRAY['1', '3']);
TABLE files.made;
TABLE files.some;
RESET migrator.ddl_lock_timeout;

-- REINDEX CONCURRENTLY that fails: its copy is named, and dropped before it is run again, valid by now or not.
CALL files.again();
CREATE TABLE t(i int, j int, what text);
INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y');
CREATE TABLE other.far(i int);
CREATE INDEX far_i ON other.far(i);
CREATE INDEX far_i_ccnew ON other.far(i);
CREATE INDEX t_j ON t(j);
CREATE INDEX t_j_ccnew ON t(j);
CREATE FUNCTION files.brittle(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('app.brittle', true) = 'on' THEN RAISE EXCEPTION 'brittle'; END IF;
  RETURN i;
END $$;
CREATE INDEX t_i ON t(files.brittle(i)) WHERE i > 0;
CREATE VIEW files.indexes AS SELECT indexrelid::regclass AS index, indisvalid FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
  WHERE indrelid IN ('app.t'::regclass, 'other.far'::regclass) ORDER BY indexrelid::regclass::text COLLATE "C";
CALL files.make('m/d', '1_a.sql', 'INSERT INTO other.far VALUES (3); REINDEX TABLE CONCURRENTLY t; INSERT INTO other.far VALUES (4);');
CREATE VIEW files.toast AS SELECT count(*), bool_and(indisvalid) AS valid FROM pg_index i JOIN pg_class c ON c.reltoastrelid = indrelid
  WHERE c.oid = 'app.t'::regclass;
SET app.brittle = on;
\set VERBOSITY terse
CALL migrator.up('m/d');
\set VERBOSITY default
SELECT regexp_replace(error_detail, 'toast_\d+_', 'toast_N_') FROM migrator.history WHERE event = 'failed';
SELECT done, started, resume_state->'reindex'->>'kind' AS kind FROM files.on_record;
TABLE files.indexes;
TABLE files.toast;
-- a user's own index of such a name, and one that is like no other
CREATE INDEX t_what_ccnew ON t(what);
SET app.brittle = off;
REINDEX INDEX t_i_ccnew;
TABLE files.indexes;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.indexes;
TABLE files.toast;
TABLE other.far;
-- edited away after it failed: what it left goes as well
CALL files.again();
CREATE TABLE t(i int);
INSERT INTO t VALUES (1);
CREATE TABLE other.far(i int);
CREATE INDEX t_i ON t(files.brittle(i));
CREATE VIEW files.indexes AS SELECT indexrelid::regclass AS index, indisvalid FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
  WHERE indrelid IN ('app.t'::regclass, 'other.far'::regclass) ORDER BY indexrelid::regclass::text COLLATE "C";
CALL files.make('m/d', '1_a.sql', 'REINDEX INDEX CONCURRENTLY t_i;');
SET app.brittle = on;
CALL migrator.up('m/d');
CALL migrator.up('m/d');
TABLE files.indexes;
CALL files.write('m/d/1_a.sql', 'INSERT INTO t VALUES (2);');
SET app.brittle = off;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.indexes;
-- a schema, a partitioned table, a name that is cut
CALL files.again();
CREATE TABLE p(i int) PARTITION BY LIST (i);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
INSERT INTO p VALUES (1);
CREATE INDEX a_name_that_is_so_long_that_the_server_has_to_cut_it_for_another ON p1(files.brittle(i));
CREATE VIEW files.indexes AS SELECT indexrelid::regclass AS index, indisvalid FROM pg_index i WHERE indrelid = 'app.p1'::regclass
  ORDER BY indexrelid::regclass::text COLLATE "C";
CALL files.make('m/d', '1_a.sql', 'REINDEX TABLE CONCURRENTLY p;');
SET app.brittle = on;
CALL migrator.up('m/d');
TABLE files.indexes;
SET app.brittle = off;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.indexes;
CALL files.make('m/d', '2_b.sql', 'REINDEX SCHEMA CONCURRENTLY app;');
SET app.brittle = on;
CALL migrator.up('m/d');
TABLE files.indexes;
SET app.brittle = off;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.indexes;

RESET app.brittle;
DROP SCHEMA other CASCADE;
DROP OWNED BY "regress migrator other", "regress migrator third" CASCADE;
DROP ROLE "regress migrator other", "regress migrator third";
