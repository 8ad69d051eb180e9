-- CALL migrator.up(): statements that refuse a transaction block, scripts of several transactions, isolation levels.
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

DROP DATABASE IF EXISTS "regress migrator";

-- One statement each: what runs in one transaction, what part by part.
DROP SCHEMA IF EXISTS gone;
CREATE SCHEMA gone;
CALL files.make('m/d',
  '01_tables.sql', 'CREATE TABLE t(i int PRIMARY KEY, j int); INSERT INTO t SELECT i, i FROM generate_series(1, 10) i; CREATE TABLE '
    'p(i int) PARTITION BY LIST (i); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1); CREATE INDEX t_j ON t(j);',
  '02_vacuum.sql', 'VACUUM t;',
  '03_vacuum_full.sql', 'VACUUM (FULL, ANALYZE) t, p1;',
  '04_create_index.sql', 'CREATE INDEX CONCURRENTLY t_ji ON t(j, i);',
  '05_unique_index.sql', 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_u ON t((j + 1));',
  '06_drop_index.sql', 'DROP INDEX CONCURRENTLY t_j;',
  '07_reindex_table.sql', 'REINDEX TABLE CONCURRENTLY t;',
  '08_reindex_index.sql', 'REINDEX (CONCURRENTLY) INDEX t_ji;',
  '09_reindex_schema.sql', 'REINDEX SCHEMA app;',
  '10_cluster.sql', 'CLUSTER t USING t_pkey; CLUSTER;',
  '11_create_database.sql', 'CREATE DATABASE "regress migrator" TEMPLATE template0;',
  '12_drop_database.sql', 'DROP DATABASE "regress migrator";',
  '13_alter_system.sql',
    'ALTER SYSTEM SET work_mem = ''7MB''; CREATE TABLE auto AS SELECT setting FROM pg_file_settings WHERE name = ''work_mem'' AND '
    'sourcefile LIKE ''%auto.conf'';',
  '14_alter_system_reset.sql', 'ALTER SYSTEM RESET work_mem;',
  '15_detach.sql', 'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;',
  '16_checkpoint.sql', 'CHECKPOINT;',
  '17_do_commit.sql',
    E'-- migrator: no-transaction\nDO $$\nBEGIN\n  FOR i IN 11 .. 13 LOOP\n    INSERT INTO t VALUES (i, i);\n    COMMIT;\n  END '
    'LOOP;\n  INSERT INTO t VALUES (14, 14);\n  ROLLBACK;\nEND $$;',
  '18_procedure.sql',
    'CREATE PROCEDURE batches(n int) LANGUAGE plpgsql AS $$ BEGIN FOR step IN 1 .. n LOOP UPDATE t SET j = j + 100 WHERE t.i <= '
    'batches.n; COMMIT; END LOOP; END $$;',
  '19_call.sql', E'-- migrator: no-transaction\nCALL batches(3);',
  '20_explain.sql', 'EXPLAIN ANALYZE INSERT INTO t VALUES (20, 20);',
  '21_ctas.sql', 'CREATE TABLE made AS SELECT count(*) AS n FROM t; SELECT * INTO made_too FROM made;',
  '22_listen.sql', 'LISTEN regress_migrator; NOTIFY regress_migrator, ''hello''; UNLISTEN *;',
  '23_analyze.sql', 'ANALYZE; ANALYZE t;',
  '24_prepare.sql', 'PREPARE q AS INSERT INTO t VALUES ($1, $1); EXECUTE q(24); DEALLOCATE q;',
  '25_cursor.sql', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1; FETCH c; CLOSE c;',
  '26_lock.sql', 'LOCK TABLE t IN SHARE MODE; SET LOCAL lock_timeout = ''1s''; SET CONSTRAINTS ALL IMMEDIATE;',
  '27_copy.sql', E'COPY t FROM stdin;\n27\t27\n\\.\n',
  '28_enum.sql', 'CREATE TYPE mood AS ENUM (''sad''); CREATE TABLE moods(m mood);',
  '29_enum_value.sql', 'ALTER TYPE mood ADD VALUE ''happy'';',
  '30_enum_used.sql', 'INSERT INTO moods VALUES (''happy'');',
  '31_drop_schema.sql', 'DROP SCHEMA gone;',
  '32_maintenance.sql', 'REINDEX TABLE t; CLUSTER t USING t_pkey; TRUNCATE p;',
  '33_grant.sql', 'GRANT SELECT ON t TO PUBLIC; COMMENT ON TABLE t IS ''numbers'';',
  '34_merge.sql', 'MERGE INTO t USING (VALUES (27), (34)) v(i) ON t.i = v.i WHEN MATCHED THEN UPDATE SET j = -1 WHEN NOT MATCHED THEN INSERT VALUES (v.i, 0);',
  '35_do.sql', 'DO $$BEGIN INSERT INTO t VALUES (35, 35); END$$;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.on_record;
SELECT string_agg(i || ':' || j, ' ' ORDER BY i) FROM t;
SELECT c.relname, i.indisvalid, i.indisunique FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 't'::regclass ORDER BY 1;
SELECT count(*) FROM pg_database WHERE datname = 'regress migrator';
SELECT (SELECT setting FROM auto) AS during, count(*) FROM pg_file_settings WHERE name = 'work_mem' AND sourcefile LIKE '%auto.conf';
SELECT relispartition FROM pg_class WHERE oid = 'p1'::regclass;
SELECT (SELECT n FROM made) AS made, (SELECT count(*) FROM moods) AS moods, to_regnamespace('gone');
-- the same in the caller's transaction: refused before anything is run
CALL files.forget();
CREATE SCHEMA gone;
SELECT version, message FROM migrator.validate('m/d') WHERE severity = 'error';
SELECT version, transactional FROM migrator.pending('m/d') WHERE NOT transactional;
SELECT version FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('t');
DROP SCHEMA gone;

-- All in one script: each in its own part, in order.
CALL files.forget();
CALL files.make('m/d', '1_all.sql', $$
  CREATE TABLE t(i int, tx bigint DEFAULT txid_current(), at timestamptz DEFAULT now());
  INSERT INTO t VALUES (1);
  VACUUM t;
  INSERT INTO t VALUES (2);
  CREATE INDEX CONCURRENTLY t_i ON t(i);
  BEGIN;
  INSERT INTO t VALUES (3);
  INSERT INTO t VALUES (4);
  COMMIT;
  CREATE TABLE p(i int) PARTITION BY LIST (i);
  CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
  ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;
  REINDEX INDEX CONCURRENTLY t_i;
  CREATE DATABASE "regress migrator" TEMPLATE template0;
  INSERT INTO t VALUES (5);
  DROP DATABASE "regress migrator";
  ALTER SYSTEM SET work_mem = '7MB';
  ALTER SYSTEM RESET work_mem;
  VACUUM FULL t;
  CHECKPOINT;
  INSERT INTO t VALUES (6);
  CLUSTER t USING t_i;
  REINDEX SCHEMA app;
  DROP INDEX CONCURRENTLY t_i;
  INSERT INTO t VALUES (7);
$$, '2_b.sql', 'INSERT INTO t VALUES (8); INSERT INTO t VALUES (9);');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.on_record;
SELECT string_agg(i::text, ' ' ORDER BY i) AS same_transaction FROM t GROUP BY tx ORDER BY min(i);
SELECT count(DISTINCT at) AS times, count(DISTINCT tx) AS transactions FROM t;
SELECT version, event FROM migrator.history ORDER BY id;

-- Wrapped in BEGIN ... COMMIT: one transaction, with the record.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'BEGIN;\nCREATE TABLE t(i int, tx bigint DEFAULT txid_current());\nINSERT INTO t VALUES (1);\nCOMMIT;',
  '2_b.sql', E'-- comment\nSTART TRANSACTION;\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\nEND;\n', '3_c.sql',
  'BEGIN WORK; INSERT INTO t VALUES (4); SELECT 1/0; COMMIT;');
CALL migrator.up('m/d');
TABLE files.on_record;
SELECT string_agg(i::text, ' ' ORDER BY i) FROM t GROUP BY tx ORDER BY 1;

-- Several transactions, statements between and after them.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $$
  BEGIN;
  CREATE TABLE t(i int, tx bigint DEFAULT txid_current());
  INSERT INTO t VALUES (1);
  INSERT INTO t VALUES (2);
  COMMIT;
  BEGIN;
  INSERT INTO t VALUES (3);
  INSERT INTO t VALUES (4);
  END;
  INSERT INTO t VALUES (5);
  INSERT INTO t VALUES (6);
$$);
SELECT version FROM migrator.apply('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.on_record;
SELECT string_agg(i::text, ' ' ORDER BY i) FROM t GROUP BY tx ORDER BY 1;
-- statements before the only BEGIN, and after its COMMIT
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'INSERT INTO t VALUES (7); BEGIN; INSERT INTO t VALUES (8); INSERT INTO t VALUES (9); COMMIT;',
  '3_c.sql', 'BEGIN; INSERT INTO t VALUES (10); INSERT INTO t VALUES (11); COMMIT; INSERT INTO t VALUES (12);');
SET client_min_messages = error;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
SET client_min_messages = warning;
:shown
SELECT string_agg(i::text, ' ' ORDER BY i) FROM t WHERE i > 6 GROUP BY tx ORDER BY min(i);

-- The first transaction statement is COMMIT: the script counts on one being open.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', $$
  CREATE TABLE t(i int, tx bigint DEFAULT txid_current());
  INSERT INTO t VALUES (1);
  INSERT INTO t VALUES (2);
  COMMIT;
  CREATE INDEX CONCURRENTLY t_i ON t(i);
  INSERT INTO t VALUES (3);
  INSERT INTO t VALUES (4);
  BEGIN;
  INSERT INTO t VALUES (5);
  INSERT INTO t VALUES (6);
  COMMIT;
$$, '2_b.sql', 'INSERT INTO t VALUES (7); INSERT INTO t VALUES (8); COMMIT;',
  -- that one, begun anew, is open at the end, too
  '3_c.sql', 'INSERT INTO t VALUES (9); COMMIT; BEGIN; INSERT INTO t VALUES (10); INSERT INTO t VALUES (11);',
  '4_d.sql', 'COMMIT; INSERT INTO t VALUES (12); BEGIN; INSERT INTO t VALUES (13); COMMIT; BEGIN;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE files.on_record;
SELECT string_agg(i::text, ' ' ORDER BY i) FROM t GROUP BY tx ORDER BY 1;

-- Isolation level and access mode, when first.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE t(how text, isolation text, defer text, tx bigint DEFAULT txid_current());',
  '2_b.sql', 'BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO t SELECT ''begin'', current_setting(''transaction_isolation''), '
    'current_setting(''transaction_deferrable''); COMMIT;',
  '3_c.sql', 'BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; INSERT INTO t SELECT ''begin, set'', '
    'current_setting(''transaction_isolation''), current_setting(''transaction_deferrable''); COMMIT;',
  '4_d.sql', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, DEFERRABLE; INSERT INTO t SELECT ''set'', '
    'current_setting(''transaction_isolation''), current_setting(''transaction_deferrable''); INSERT INTO t SELECT ''still set'', '
    'current_setting(''transaction_isolation''), current_setting(''transaction_deferrable'');',
  '5_e.sql', 'INSERT INTO t SELECT ''none'', current_setting(''transaction_isolation''), current_setting(''transaction_deferrable'');',
  '6_f.sql', 'BEGIN READ ONLY; SELECT count(*) FROM t; COMMIT;',
  '7_g.sql', 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT count(*) FROM t; COMMIT; BEGIN; INSERT INTO t SELECT ''after '
    'read only'', current_setting(''transaction_isolation''), current_setting(''transaction_deferrable''); COMMIT;',
  '8_h.sql', 'BEGIN READ ONLY; INSERT INTO t VALUES (''never''); COMMIT;');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
TABLE files.on_record;
SELECT how, isolation, defer FROM t ORDER BY tx, how DESC;
SELECT count(DISTINCT tx) FROM t WHERE how LIKE '%set' AND how <> 'begin, set';
SHOW transaction_isolation;
SHOW transaction_read_only;
SELECT version, message FROM migrator.validate('m/d') WHERE severity = 'error';

-- Refused before anything runs.
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE t();', '2_b.sql', E'BEGIN;\nSELECT 1;\nROLLBACK;');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'BEGIN;\nSELECT 1;');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'BEGIN;\nSAVEPOINT s;\nCOMMIT;');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'BEGIN;\nSELECT 1;\nBEGIN;\nCOMMIT;');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'BEGIN;\nPREPARE TRANSACTION ''x'';');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'BEGIN;\nVACUUM;\nCOMMIT;');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'DISCARD ALL;');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'COPY t TO stdout;');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'VACUUM;\nSELEC 1;');
CALL migrator.up('m/d');
CALL files.write('m/d/2_b.sql', E'VACUUM;\n\\echo no\n');
CALL migrator.up('m/d');
SELECT to_regclass('t'), count(*) FROM migrator.migrations;

-- COMMIT within DO or CALL needs the directive; nothing of the script stays without it.
CALL files.make('m/d', '1_a.sql', E'CREATE TABLE t(i int);\nDO $$\nBEGIN\n  INSERT INTO t VALUES (1);\n  COMMIT;\nEND $$;');
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('t');
-- beside a statement that makes it run part by part anyway, it is one
CALL files.write('m/d/1_a.sql', E'CREATE TABLE t(i int);\nVACUUM t;\nDO $$BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); END $$;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t;
-- COPY with its data between other parts
CALL files.forget();
CALL files.make('m/d', '1_a.sql',
  E'CREATE TABLE t(i int, j text);\nCOPY t FROM stdin;\n1\tone\n2\ttwo\n\\.\nVACUUM t;\nCOPY t(i) FROM stdin WHERE i > 3;\n3\n4\n\\.\nVACUUM t;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
TABLE t;
-- a script with nothing in it, run part by part
CALL files.make('m/d', '2_b.sql', '-- migrator: no-transaction', '3_c.sql', '');
SET client_min_messages = error;
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SET client_min_messages = warning;
-- a batch that can be repeated, as docs/up.md has it
CALL files.forget();
CREATE TABLE orders AS SELECT i AS id, NULL::int AS total FROM generate_series(1, 25) i;
CALL files.make('m/d', '1_fill.sql',
  E'-- Fill orders.total, 10 rows a transaction.\n-- migrator: no-transaction\nDO $$\nDECLARE\n  done integer;\nBEGIN\n  LOOP\n    '
  'UPDATE orders SET total = txid_current()\n     WHERE id IN (SELECT id FROM orders WHERE total IS NULL LIMIT 10);\n    GET '
  'DIAGNOSTICS done = ROW_COUNT;\n    EXIT WHEN done = 0;\n    COMMIT;\n    RAISE NOTICE ''% rows'', done;\n  END LOOP;\nEND\n$$;');
CALL migrator.up('m/d', options => '{"verbose": true}') \gset
:shown
SELECT count(*), count(DISTINCT total) FROM orders;
