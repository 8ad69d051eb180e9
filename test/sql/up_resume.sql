-- CALL migrator.up() again after a failure: what goes on, what is run again, what is refused.
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

-- Ordinary parts happen exactly once.
CALL files.make('m/d', '1_a.sql',
  'CREATE TABLE t(i int); INSERT INTO t VALUES (1); VACUUM t; INSERT INTO t VALUES (2); BEGIN; INSERT INTO t VALUES (3); SELECT '
  'nosuch; COMMIT; INSERT INTO t VALUES (4);');
CALL migrator.up('m/d');
TABLE files.on_record;
SELECT event, statement, line, error_sqlstate FROM migrator.history ORDER BY id;
TABLE t;
-- again: the same failure, nothing twice
CALL migrator.up('m/d');
TABLE files.on_record;
TABLE t;
SELECT version, state, flags FROM migrator.status('m/d');
-- what is not done may be edited, comments of what is done too
CALL files.write('m/d/1_a.sql',
  E'-- mended\nCREATE TABLE t(i int);\n\nINSERT INTO t VALUES (1);\nVACUUM t; /* and */ INSERT INTO t VALUES (2);\nBEGIN;\nINSERT '
  'INTO t VALUES (30);\nCOMMIT;\nINSERT INTO t VALUES (40);\nINSERT INTO t VALUES (50);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.on_record;
TABLE t;
SELECT version, state, flags FROM migrator.status('m/d');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown

-- What is done was changed: nothing is run, the record stays.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE t(i int); INSERT INTO t VALUES (1); VACUUM t; SELECT nosuch;');
CALL migrator.up('m/d');
CALL files.write('m/d/1_a.sql', 'CREATE TABLE t(i int); INSERT INTO t VALUES (10); VACUUM t; SELECT 1;');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL files.write('m/d/1_a.sql', 'INSERT INTO t VALUES (0); CREATE TABLE t(i int); INSERT INTO t VALUES (1); VACUUM t; SELECT 1;');
CALL migrator.up('m/d');
-- fewer statements than are done
CALL files.write('m/d/1_a.sql', 'CREATE TABLE t(i int); VACUUM t;');
CALL migrator.up('m/d');
CALL files.write('m/d/1_a.sql', 'VACUUM t;');
CALL migrator.up('m/d');
TABLE files.on_record;
TABLE t;
-- restored, it goes on
CALL files.write('m/d/1_a.sql', 'CREATE TABLE t(i int); INSERT INTO t VALUES (1); VACUUM t; INSERT INTO t VALUES (2);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t;

-- Edited into a script of one transaction: what is done is not done twice, and apply() does not touch it.
CALL files.forget();
CREATE TABLE t(i int);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO app.t VALUES (1); VACUUM app.t; SELECT 1/0;');
CALL migrator.up('m/d');
CALL files.write('m/d/1_a.sql', 'INSERT INTO app.t VALUES (1); SELECT 1;');
SELECT version, outcome FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE t;
CALL files.write('m/d/1_a.sql', 'INSERT INTO app.t VALUES (1); VACUUM app.t; INSERT INTO app.t VALUES (2);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t;
TABLE files.on_record;
-- the other way: a failed script of one transaction becomes one of several parts, and begins at its first
CALL files.forget();
CREATE TABLE t(i int);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO app.t VALUES (1); SELECT 1/0;');
CALL migrator.up('m/d');
CALL files.write('m/d/1_a.sql', 'INSERT INTO app.t VALUES (1); VACUUM app.t;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t;

-- CREATE UNIQUE INDEX CONCURRENTLY that fails: the invalid index is named, dropped and rebuilt.
CALL files.forget();
CREATE TABLE t(i int, k int);
INSERT INTO t VALUES (1, 1), (1, 2), (2, 3);
CALL files.make('m/d', '1_a.sql',
  'SET search_path = app; INSERT INTO t VALUES (9, 9); CREATE UNIQUE INDEX CONCURRENTLY t_i ON t(i); INSERT INTO t VALUES (10, 10);',
  '2_b.sql', 'INSERT INTO app.t VALUES (11, 11);');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
SELECT error_detail FROM migrator.history WHERE event = 'failed';
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 't'::regclass;
SELECT oid AS before FROM pg_class WHERE relname = 't_i' \gset
-- again without mending
CALL migrator.up('m/d');
SELECT indexrelid::regclass, indisvalid, indexrelid <> :before AS rebuilt FROM pg_index WHERE indrelid = 't'::regclass;
DELETE FROM t WHERE k = 2;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT indexrelid::regclass, indisvalid, indexrelid <> :before AS rebuilt FROM pg_index WHERE indrelid = 't'::regclass;
TABLE files.on_record;
TABLE t ORDER BY k;

-- mended by a statement put before it
CALL files.forget();
CREATE TABLE t(i int, k int);
INSERT INTO t VALUES (1, 1), (1, 2);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO t VALUES (9, 9); CREATE UNIQUE INDEX CONCURRENTLY t_i ON t(i); INSERT INTO t VALUES (10, 10);');
CALL migrator.up('m/d');
CALL files.write('m/d/1_a.sql',
  'INSERT INTO t VALUES (9, 9); DELETE FROM t WHERE k = 2; CREATE UNIQUE INDEX CONCURRENTLY t_i ON t(i); INSERT INTO t VALUES (10, 10);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 't'::regclass;
TABLE t ORDER BY k;
-- IF NOT EXISTS: ours is rebuilt as well
CALL files.forget();
CREATE TABLE t(i int, k int);
INSERT INTO t VALUES (1, 1), (1, 2);
CALL files.make('m/d', '1_a.sql', 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_i ON t(i);');
CALL migrator.up('m/d');
DELETE FROM t WHERE k = 2;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 't'::regclass;
-- without a name: it cannot be found again, and no DETAIL names it
CALL files.forget();
CREATE TABLE t(i int, k int);
INSERT INTO t VALUES (1, 1), (1, 2);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO t VALUES (3, 3); CREATE UNIQUE INDEX CONCURRENTLY ON t(i);');
CALL migrator.up('m/d');
DELETE FROM t WHERE k = 2;
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
-- settled by hand
DROP INDEX t_i_idx;
CREATE UNIQUE INDEX t_i_idx ON t(i);
SELECT migrator.resolve('1', 'applied', note => 'built by hand');
TABLE files.on_record;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT version, event, note FROM migrator.history ORDER BY id;
-- or begun anew
CALL files.forget();
CREATE TABLE t(i int, k int);
INSERT INTO t VALUES (1, 1), (1, 2);
CALL migrator.up('m/d');
SELECT migrator.resolve('1', 'pending');
TABLE files.on_record;
DROP INDEX t_i_idx;
DELETE FROM t WHERE k = 2;
CALL migrator.up('m/d');
SELECT migrator.resolve('1', 'pending');
DROP INDEX t_i_idx;
DELETE FROM t WHERE i = 3;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t ORDER BY k;

-- An invalid index that somebody else left is not touched, and does not pass for the real one.
CALL files.forget();
CREATE TABLE t(i int, k int);
INSERT INTO t VALUES (1, 1), (1, 2);
CREATE UNIQUE INDEX CONCURRENTLY t_i ON t(i);
SELECT oid AS before FROM pg_class WHERE relname = 't_i' \gset
DELETE FROM t WHERE k = 2;
CALL files.make('m/d', '1_a.sql', 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_i ON t(i);');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d');
SELECT indexrelid::regclass, indisvalid, indexrelid = :before AS untouched FROM pg_index WHERE indrelid = 't'::regclass;
-- IF NOT EXISTS over a valid one is no error
REINDEX INDEX t_i;
CALL files.write('m/d/1_a.sql', 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_i ON t(i);');
SET client_min_messages = error;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET client_min_messages = warning;
:shown

-- A name that is taken stays an error, however often it is tried.
CALL files.forget();
CREATE TABLE t(a int, b int);
CREATE INDEX t_i ON t(a);
CALL files.make('m/d', '1_a.sql', 'CREATE UNIQUE INDEX CONCURRENTLY t_i ON app.t(b);');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
SELECT indexdef FROM pg_indexes WHERE indexname = 't_i';
CALL files.forget();
CREATE TABLE t(a int, b int);
CREATE TABLE t_i();
CALL migrator.up('m/d');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE t_i;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
-- what is not there stays an error as well
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'DROP INDEX CONCURRENTLY app.nosuch;');
CALL migrator.up('m/d');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL files.make('m/d', '1_a.sql', 'CREATE INDEX CONCURRENTLY t_i ON app.nosuch(i);');
CALL files.forget();
CALL migrator.up('m/d');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL files.forget();
CREATE TABLE p(a int) PARTITION BY LIST (a);
CREATE TABLE p1(a int);
CALL files.make('m/d', '1_a.sql', 'ALTER TABLE app.p DETACH PARTITION app.p1 CONCURRENTLY;');
CALL migrator.up('m/d');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT relispartition FROM pg_class WHERE oid = 'p1'::regclass;
-- a database that exists; one that does not
CALL files.forget();
DROP DATABASE IF EXISTS "regress migrator";
CREATE DATABASE "regress migrator" TEMPLATE template0;
CALL files.make('m/d', '1_a.sql', 'CREATE DATABASE "regress migrator" TEMPLATE template0;', '2_b.sql', 'DROP DATABASE "regress migrator";');
CALL migrator.up('m/d');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
DROP DATABASE "regress migrator";
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT count(*) FROM pg_database WHERE datname = 'regress migrator';

-- What each kind does when its end was not seen: a mark "started" as a crash leaves it.
CALL files.forget();
CREATE TABLE t(i int PRIMARY KEY, k int);
CREATE TABLE log(what text);
INSERT INTO t VALUES (1, 1), (2, 1);
CREATE TABLE p(i int) PARTITION BY LIST (i);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE PROCEDURE files.crash(script text) LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE migrator.migrations, migrator.history, migrator.runs;
  CALL files.make('m/d', '1_a.sql', script);
  INSERT INTO migrator.migrations (service, version, name, file, layout, state, statement_total, statement_done, statement_started,
    lock_key, backend_pid, backend_start, non_transactional)
    VALUES ('default', '1', 'a', '1_a.sql', 'numbered', 'running', 1, 0, 1, migrator.lock_key(), 1, now() - interval '1 day', true);
END $$;
CALL files.crash('VACUUM t; INSERT INTO log VALUES (''after vacuum'');');
SELECT version, state, message FROM migrator.status('m/d');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
CALL files.crash('CREATE INDEX CONCURRENTLY t_k ON t(k);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
-- an index of that name, valid: its mark would say so if it were ours
CALL files.crash('CREATE INDEX CONCURRENTLY t_k ON t(k);');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL files.crash('DROP INDEX CONCURRENTLY t_k;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
-- an invalid one
CREATE UNIQUE INDEX CONCURRENTLY t_k ON t(k);
SELECT oid AS before FROM pg_class WHERE relname = 't_k' \gset
CALL files.crash('CREATE INDEX CONCURRENTLY t_k ON t(k);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT indisvalid, indexrelid <> :before AS rebuilt FROM pg_index WHERE indexrelid = 't_k'::regclass;
CALL files.crash('CREATE INDEX CONCURRENTLY ON t(k);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
CALL files.crash('ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
CALL files.crash('REINDEX TABLE CONCURRENTLY t;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
CALL files.crash('ALTER SYSTEM RESET work_mem;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
CALL files.crash('CREATE DATABASE "regress migrator" TEMPLATE template0;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
CALL files.crash('DROP DATABASE "regress migrator";');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
-- an ordinary statement: what it did went with its transaction
CALL files.crash('INSERT INTO log VALUES (''ordinary''); VACUUM;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE log;
SELECT version, event FROM migrator.history ORDER BY id;

-- What the parts that are done have SET is set again; temporary tables are not made again.
CALL files.forget();
CREATE SCHEMA other;
CALL files.make('m/d', '1_a.sql',
  'SET search_path = other; CREATE TABLE t(i int); SET app.tenant = ''first''; VACUUM t; SET LOCAL app.tenant = ''local''; SELECT nosuch;');
SET client_min_messages = error;
CALL migrator.up('m/d');
CALL files.write('m/d/1_a.sql',
  'SET search_path = other; CREATE TABLE t(i int); SET app.tenant = ''first''; VACUUM t; SET LOCAL app.tenant = ''local''; CREATE '
  'TABLE seen AS SELECT current_setting(''search_path'') AS path, current_setting(''app.tenant'') AS tenant; VACUUM seen;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET client_min_messages = warning;
:shown
TABLE other.seen;
SHOW search_path;
DROP SCHEMA other CASCADE;
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TEMP TABLE scratch(i int); VACUUM; INSERT INTO scratch VALUES (1); SELECT nosuch;');
CALL migrator.up('m/d');
DISCARD TEMP;
CALL files.write('m/d/1_a.sql', 'CREATE TEMP TABLE scratch(i int); VACUUM; INSERT INTO scratch VALUES (1); INSERT INTO scratch VALUES (2);');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE

-- Several migrations wait for one that is mended; the failed one comes first and is not late.
CALL files.forget();
CREATE TABLE t(i int);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO t VALUES (1); VACUUM t; SELECT nosuch;', '2_b.sql', 'INSERT INTO t VALUES (2);',
  '3_c.sql', 'VACUUM t; INSERT INTO t VALUES (3);');
CALL migrator.up('m/d', on_error => 'continue');
TABLE files.on_record;
CALL files.write('m/d/1_a.sql', 'INSERT INTO t VALUES (1); VACUUM t; INSERT INTO t VALUES (4);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t;
-- a file that is not there any more
CALL files.forget();
CREATE TABLE t(i int);
CALL files.make('m/d', '1_a.sql', 'INSERT INTO t VALUES (1); VACUUM t; SELECT nosuch;', '2_b.sql', 'INSERT INTO t VALUES (2);');
CALL migrator.up('m/d');
CALL files.remove('m/d/1_a.sql');
SET client_min_messages = error;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET client_min_messages = warning;
:shown
TABLE t;
SELECT version, state, flags FROM migrator.status('m/d');
-- A statement that is refused before it begins is the one that history names; it has left nothing.
CALL files.forget();
CREATE TABLE t(i int);
INSERT INTO t VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY bad ON t(i);
CALL files.make('m/d', '1_a.sql', E'SELECT 1;\nSELECT 2;\nCREATE INDEX CONCURRENTLY bad ON t(i);');
CALL migrator.up('m/d');
SELECT event, statement, line, error_sqlstate FROM migrator.history ORDER BY id;
TABLE files.on_record;
