--
-- What a statement is, by its parse tree (src/script/statement_kind.c), and what the
-- transaction statements of a script make of it (src/script/transactions.c).
--
-- Needs only the library: its windows for tests are declared here.
--
\set VERBOSITY terse
-- the server's own warnings about subscriptions are no news
SET log_min_messages = error;
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS kind_test CASCADE;
RESET client_min_messages;
CREATE SCHEMA kind_test;
SET search_path = kind_test;

CREATE FUNCTION probe_split(script text, conforming boolean DEFAULT true)
RETURNS TABLE (n int, line int, col int, kind text, statement text, data text)
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_split';

CREATE FUNCTION probe_script(script text, conforming boolean DEFAULT true,
	OUT form text, OUT outside text, OUT isolation_line int, OUT second_line int,
	OUT description text, OUT fingerprint text, OUT directives text[],
	OUT problems text[], OUT locks int)
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_script';

--
-- Kinds.  Where tried is set, the server is asked as well: it must refuse the
-- statement in a transaction with 25001 exactly if we say so.  Elsewhere it
-- would run the statement, or has no objects to run it on.
--
CREATE TABLE kinds (statement text PRIMARY KEY, kind text NOT NULL,
					tried boolean NOT NULL DEFAULT true, since int NOT NULL DEFAULT 15);
INSERT INTO kinds (statement, kind) VALUES
('VACUUM', 'outside'),
('VACUUM FULL a', 'outside'),
('VACUUM (ANALYZE, FREEZE off) a', 'outside'),
('ANALYZE a', 'ordinary'),
('CREATE INDEX ON a (i)', 'ordinary'),
('CREATE INDEX CONCURRENTLY ON a (i)', 'outside'),
('CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x ON a (i)', 'outside'),
('DROP INDEX a_index', 'ordinary'),
('DROP INDEX CONCURRENTLY a_index', 'outside'),
('DROP INDEX CONCURRENTLY IF EXISTS a_index', 'outside'),
('REINDEX INDEX a_index', 'ordinary'),
('REINDEX INDEX CONCURRENTLY a_index', 'outside'),
('REINDEX TABLE a', 'ordinary'),
('REINDEX TABLE CONCURRENTLY a', 'outside'),
('REINDEX (CONCURRENTLY) TABLE a', 'outside'),
('REINDEX (CONCURRENTLY true, VERBOSE off) TABLE a', 'outside'),
('REINDEX (CONCURRENTLY off) TABLE a', 'ordinary'),
('REINDEX (CONCURRENTLY 0) INDEX a_index', 'ordinary'),
('REINDEX (CONCURRENTLY 1) INDEX a_index', 'outside'),
('REINDEX SCHEMA kind_test', 'outside'),
('REINDEX DATABASE no_such_database', 'outside'),
('REINDEX SYSTEM no_such_database', 'outside'),
('REINDEX (CONCURRENTLY) SCHEMA kind_test', 'outside'),
('CLUSTER', 'outside'),
('CLUSTER VERBOSE', 'outside'),
('CLUSTER a USING a_index', 'ordinary'),
('CREATE DATABASE no_such_database TEMPLATE no_such_template', 'outside'),
('DROP DATABASE no_such_database', 'outside'),
('DROP DATABASE IF EXISTS no_such_database', 'outside'),
('ALTER DATABASE no_such_database SET TABLESPACE x', 'outside'),
('ALTER DATABASE no_such_database RENAME TO x', 'ordinary'),
('ALTER DATABASE no_such_database SET work_mem = 64', 'ordinary'),
('ALTER DATABASE no_such_database CONNECTION LIMIT 3', 'ordinary'),
('CREATE TABLESPACE no_such_space LOCATION ''/no/such''', 'outside'),
('DROP TABLESPACE no_such_space', 'outside'),
('ALTER TABLESPACE no_such_space RENAME TO x', 'ordinary'),
('ALTER SYSTEM SET no.such = 1', 'outside'),
('ALTER SYSTEM RESET no.such', 'outside'),
('ALTER TABLE parted DETACH PARTITION part', 'ordinary'),
('ALTER TABLE parted DETACH PARTITION part CONCURRENTLY', 'outside'),
('ALTER TABLE parted DETACH PARTITION part FINALIZE', 'ordinary'),
('ALTER TABLE a ADD j int, ALTER i SET NOT NULL', 'ordinary'),
('CREATE SUBSCRIPTION s2 CONNECTION ''dbname=no_such'' PUBLICATION p', 'outside'),
('CREATE SUBSCRIPTION s2 CONNECTION ''dbname=no_such'' PUBLICATION p WITH (create_slot)', 'outside'),
('CREATE SUBSCRIPTION s2 CONNECTION ''dbname=no_such'' PUBLICATION p WITH (connect = false)', 'ordinary'),
('CREATE SUBSCRIPTION s2 CONNECTION ''dbname=no_such'' PUBLICATION p WITH (connect = on, copy_data = off)', 'outside'),
('ALTER SUBSCRIPTION s REFRESH PUBLICATION', 'outside'),
('ALTER SUBSCRIPTION s REFRESH PUBLICATION WITH (copy_data = off)', 'outside'),
('ALTER SUBSCRIPTION s SET PUBLICATION p', 'outside'),
('ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = true)', 'outside'),
('ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)', 'ordinary'),
('ALTER SUBSCRIPTION s ADD PUBLICATION q', 'outside'),
('ALTER SUBSCRIPTION s ADD PUBLICATION q WITH (refresh = off)', 'ordinary'),
('ALTER SUBSCRIPTION s DROP PUBLICATION p', 'outside'),
('ALTER SUBSCRIPTION s DROP PUBLICATION p2 WITH (refresh = 0)', 'ordinary'),
('ALTER SUBSCRIPTION s DISABLE', 'ordinary'),
('ALTER SUBSCRIPTION s CONNECTION ''dbname=x''', 'ordinary'),
('ALTER SUBSCRIPTION s SET (synchronous_commit = off)', 'ordinary'),
('CREATE TABLE x (i int)', 'ordinary'),
('ALTER TYPE color ADD VALUE ''blue''', 'ordinary'),
('LISTEN x', 'ordinary'),
('LOCK TABLE a', 'ordinary'),
('SET CONSTRAINTS ALL DEFERRED', 'ordinary'),
('DISCARD PLANS', 'ordinary'),
('SELECT 1', 'ordinary'),
('DO $$ BEGIN END $$', 'ordinary'),
('SET x.y = 1', 'set'),
('SET LOCAL x.y TO DEFAULT', 'set'),
('RESET x.y', 'set'),
('RESET ALL', 'set'),
('SET ROLE NONE', 'set'),
('SET TIME ZONE ''UTC''', 'set'),
('SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE', 'set'),
('SET search_path = public, migrator', 'set'),
('SET search_path TO DEFAULT', 'set');
INSERT INTO kinds (statement, kind, since) VALUES
('ALTER SUBSCRIPTION disabled SET (failover)', 'outside', 17),
('ALTER SUBSCRIPTION disabled SET (failover = false)', 'outside', 17),
('ALTER SUBSCRIPTION disabled SET (two_phase = false)', 'outside', 18),
('ALTER SUBSCRIPTION disabled SET (two_phase = true)', 'ordinary', 18);
-- not tried
INSERT INTO kinds (tried, statement, kind) VALUES
(false, 'SET search_path = ''migrator, public''', 'set'),
(false, 'SET TRANSACTION READ WRITE', 'set transaction'),
(false, 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'set transaction'),
(false, 'SET TRANSACTION SNAPSHOT ''x''', 'set transaction'),
(false, 'SET transaction_isolation = ''read committed''', 'set transaction'),
(false, 'BEGIN', 'begin'),
(false, 'BEGIN WORK READ ONLY', 'begin'),
(false, 'START TRANSACTION', 'begin'),
(false, 'COMMIT', 'commit'),
(false, 'COMMIT AND NO CHAIN', 'commit'),
(false, 'END TRANSACTION', 'commit'),
(false, 'COMMIT AND CHAIN', 'transaction refused'),
(false, 'ROLLBACK', 'transaction refused'),
(false, 'ABORT', 'transaction refused'),
(false, 'ROLLBACK AND CHAIN', 'transaction refused'),
(false, 'SAVEPOINT x', 'transaction refused'),
(false, 'RELEASE x', 'transaction refused'),
(false, 'ROLLBACK TO x', 'transaction refused'),
(false, 'PREPARE TRANSACTION ''x''', 'transaction refused'),
(false, 'COMMIT PREPARED ''x''', 'transaction refused'),
(false, 'ROLLBACK PREPARED ''x''', 'transaction refused'),
(false, 'PREPARE x AS SELECT 1', 'ordinary'),
(false, 'COPY a FROM stdin', 'copy in'),
(false, 'COPY a TO stdout', 'copy out'),
(false, 'COPY (SELECT 1) TO stdout', 'copy out'),
(false, 'COPY a FROM ''/x''', 'ordinary'),
(false, 'COPY a TO PROGRAM ''cat''', 'ordinary'),
(false, 'DROP SUBSCRIPTION s', 'ordinary'),
(false, 'DISCARD ALL', 'forbidden'),
(false, 'SELECT pg_advisory_unlock_all()', 'forbidden'),
(false, 'SELECT pg_catalog.pg_advisory_unlock_all()', 'forbidden'),
(false, 'SELECT mine.pg_advisory_unlock_all()', 'ordinary'),
(false, 'SELECT pg_advisory_unlock(1), ''pg_advisory_unlock_all()''', 'ordinary'),
(false, 'WITH w AS (SELECT 1 FROM a, LATERAL (SELECT CASE WHEN true THEN pg_advisory_unlock_all() END) b) SELECT * FROM w', 'forbidden'),
(false, 'INSERT INTO a SELECT 1 WHERE pg_advisory_unlock_all() IS NULL', 'forbidden'),
(false, 'UPDATE a SET i = 1 FROM PG_ADVISORY_UNLOCK_ALL() x', 'forbidden'),
(false, 'DELETE FROM a WHERE EXISTS (SELECT pg_advisory_unlock_all())', 'forbidden'),
(false, 'CREATE TABLE x AS SELECT pg_advisory_unlock_all()', 'forbidden'),
(false, 'EXPLAIN ANALYZE SELECT pg_advisory_unlock_all()', 'forbidden'),
(false, 'COPY (SELECT pg_advisory_unlock_all()) TO ''/x''', 'forbidden'),
(false, 'DECLARE c CURSOR WITH HOLD FOR SELECT pg_advisory_unlock_all()', 'forbidden'),
(false, 'CALL p(pg_advisory_unlock_all())', 'forbidden'),
(false, 'DROP EXTENSION migrator', 'forbidden'),
(false, 'DROP EXTENSION IF EXISTS hstore, migrator CASCADE', 'forbidden'),
(false, 'DROP EXTENSION hstore', 'ordinary'),
(false, 'ALTER EXTENSION migrator UPDATE', 'forbidden'),
(false, 'ALTER EXTENSION migrator ADD TABLE a', 'forbidden'),
(false, 'ALTER EXTENSION migrator SET SCHEMA x', 'forbidden'),
(false, 'ALTER EXTENSION hstore SET SCHEMA migrator', 'ordinary'),
(false, 'DROP SCHEMA migrator', 'forbidden'),
(false, 'DROP SCHEMA x, "migrator" CASCADE', 'forbidden'),
(false, 'ALTER SCHEMA migrator RENAME TO x', 'forbidden'),
(false, 'DROP TABLE migrator', 'ordinary'),
(false, 'SET search_path = migrator', 'forbidden'),
(false, 'SET LOCAL search_path TO Migrator, public', 'forbidden'),
(false, 'SET SCHEMA ''migrator''', 'forbidden');

CREATE TABLE a (i int);
CREATE INDEX a_index ON a (i);
CREATE TABLE parted (i int) PARTITION BY LIST (i);
CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
CREATE TYPE color AS ENUM ('red');

-- Run it in a transaction that is always undone.
CREATE FUNCTION refused_in_transaction(statement text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	CREATE SUBSCRIPTION s CONNECTION 'dbname=no_such' PUBLICATION p, p2 WITH (connect = false);
	ALTER SUBSCRIPTION s ENABLE;
	CREATE SUBSCRIPTION disabled CONNECTION 'dbname=no_such' PUBLICATION p WITH (connect = false);
	EXECUTE statement;
	RAISE EXCEPTION 'undo';
EXCEPTION
	WHEN active_sql_transaction THEN RETURN true;
	WHEN OTHERS THEN RETURN false;
END
$$;

SELECT count(*), count(*) FILTER (WHERE kind = 'outside') AS outside FROM kinds;
SELECT k.statement, k.kind, s.kind AS got, s.n
FROM kinds k LEFT JOIN LATERAL probe_split(k.statement || ';') s ON true
WHERE s.kind IS DISTINCT FROM k.kind OR s.n <> 1
ORDER BY 1;

SET client_min_messages = error;
SELECT statement, kind FROM kinds
WHERE tried AND since <= current_setting('server_version_num')::int / 10000
	AND (kind = 'outside') <> refused_in_transaction(statement)
ORDER BY 1;
RESET client_min_messages;

-- an option that is no boolean is a problem of the script
SELECT (probe_script('REINDEX (CONCURRENTLY maybe) TABLE a;')).problems;

--
-- Transactions
--
CREATE TABLE forms (script text PRIMARY KEY, form text NOT NULL, outside text,
					isolation_line int NOT NULL DEFAULT 0, second_line int,
					problems text[] NOT NULL DEFAULT '{}');
INSERT INTO forms (script, form) VALUES
('', 'none'),
('SELECT 1;', 'none'),
('BEGIN; SELECT 1; COMMIT;', 'wrapped'),
('START TRANSACTION; SELECT 1; END;', 'wrapped'),
('BEGIN; COMMIT', 'wrapped'),
('SET x.y = 1; RESET x.y; BEGIN; SELECT 1; COMMIT;', 'wrapped');
INSERT INTO forms (script, form, second_line) VALUES
(E'SELECT 1;\nBEGIN; SELECT 2; COMMIT;', 'parts', 2),
(E'BEGIN; SELECT 1; COMMIT;\nSELECT 2;', 'parts', 2),
(E'BEGIN; SELECT 1; COMMIT;\nSET x.y = 1;', 'parts', 2),
(E'BEGIN; SELECT 1; COMMIT;\nBEGIN; SELECT 2; COMMIT;\nBEGIN; COMMIT;', 'parts', 2),
(E'SELECT 1;\nCOMMIT;\nSELECT 2;', 'parts', 2),
(E'COMMIT;\nSELECT 1;\nBEGIN; COMMIT;', 'parts', 1),
(E'SELECT 1;\nCOMMIT;\nBEGIN; SELECT 2;', 'parts', 2),
(E'COMMIT;\nBEGIN;', 'parts', 1);
INSERT INTO forms (script, form, isolation_line) VALUES
(E'\nBEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT;', 'wrapped', 2),
(E'BEGIN;\nSET TRANSACTION READ ONLY;\nSET TRANSACTION READ WRITE; COMMIT;', 'wrapped', 2),
(E'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nSELECT 1;', 'none', 1);
INSERT INTO forms (script, form, outside, second_line, problems) VALUES
('SELECT 1; VACUUM a; VACUUM b;', 'none', 'VACUUM a', NULL, '{}'),
(E'BEGIN; SELECT 1; COMMIT;\nVACUUM;', 'parts', 'VACUUM', 2, '{}'),
(E'BEGIN;\n  CREATE INDEX CONCURRENTLY ON a (i);\nCOMMIT;', 'wrapped', 'CREATE INDEX CONCURRENTLY ON a (i)', NULL,
	array['2:3 25001 CREATE INDEX CONCURRENTLY cannot run inside a transaction block']);
INSERT INTO forms (script, form, second_line, problems) VALUES
(E'BEGIN;\n ROLLBACK;', 'wrapped', NULL, array['2:2 0A000 ROLLBACK is not supported yet in a migration']),
(E'BEGIN;\nSAVEPOINT a;\nROLLBACK TO a;\nRELEASE a;\nCOMMIT;', 'wrapped', NULL,
	array['2:1 0A000 SAVEPOINT is not supported yet in a migration',
		  '3:1 0A000 ROLLBACK TO SAVEPOINT is not supported yet in a migration',
		  '4:1 0A000 RELEASE SAVEPOINT is not supported yet in a migration']),
('BEGIN; PREPARE TRANSACTION ''x'';', 'wrapped', NULL, array['1:8 0A000 PREPARE TRANSACTION is not supported yet in a migration']),
('COMMIT PREPARED ''x''; ROLLBACK PREPARED ''y'';', 'wrapped', NULL,
	array['1:1 0A000 COMMIT PREPARED is not supported yet in a migration',
		  '1:22 0A000 ROLLBACK PREPARED is not supported yet in a migration']),
('BEGIN; COMMIT AND CHAIN; COMMIT;', 'wrapped', NULL, array['1:8 0A000 COMMIT AND CHAIN is not supported yet in a migration']),
('BEGIN; BEGIN; COMMIT;', 'wrapped', NULL, array['1:8 0B000 BEGIN inside of a transaction']),
('BEGIN; START TRANSACTION; COMMIT;', 'wrapped', NULL, array['1:8 0B000 START TRANSACTION inside of a transaction']),
(E'SELECT 1;\n BEGIN; SELECT 2;', 'parts', 2, array['2:2 0B000 BEGIN without COMMIT']),
(E'BEGIN; SELECT 1; COMMIT;\nBEGIN; SELECT 2;', 'parts', 2, array['2:1 0B000 BEGIN without COMMIT']),
(E'BEGIN; COMMIT;\nCOMMIT;', 'wrapped', NULL, array['2:1 2D000 COMMIT without BEGIN']),
(E'BEGIN; SELECT 1;\nCOMMITT;', 'wrapped', NULL, array['2:1 42601 syntax error at or near "COMMITT"']),
(E'DISCARD ALL;\nSET search_path = migrator;\nDROP SCHEMA migrator; SELECT pg_advisory_unlock_all();', 'none', NULL,
	array['1:1 0A000 DISCARD ALL is not allowed in a migration',
		  '2:1 0A000 SET search_path = migrator is not allowed in a migration',
		  '3:1 55006 DROP SCHEMA migrator is not allowed in a migration',
		  '3:23 0A000 pg_advisory_unlock_all() is not allowed in a migration']);

SELECT count(*) FROM forms;
SELECT f.script, p.form, p.outside, p.isolation_line, p.second_line, p.problems
FROM forms f, probe_script(f.script) p
WHERE (f.form, f.outside, f.isolation_line, f.second_line, f.problems) IS DISTINCT FROM
	  (p.form, p.outside, p.isolation_line, p.second_line, p.problems)
ORDER BY 1;

-- a caller in PL/pgSQL does not move the position of an error
DO $$
DECLARE
	problems text[];
BEGIN
	SELECT p.problems INTO problems FROM kind_test.probe_script('SELECT 1; SELECT 1 +;') p;
	RAISE NOTICE '%', problems;
END
$$;

--
-- Locks that new objects will need
--
SELECT statement, (probe_script(statement)).locks, expected FROM (VALUES
	('CREATE TABLE x (i int)', 3),
	('CREATE TABLE x (i int PRIMARY KEY)', 4),
	('CREATE TABLE x (i bigserial PRIMARY KEY, j int GENERATED ALWAYS AS IDENTITY, k int, UNIQUE (k))', 7),
	('CREATE TABLE x (i int, EXCLUDE USING gist (i WITH =))', 4),
	('CREATE TABLE x (i int PRIMARY KEY) PARTITION BY LIST (i)', 2),
	('CREATE TABLE x AS SELECT 1', 3),
	('SELECT 1 INTO x', 3),
	('CREATE MATERIALIZED VIEW x AS SELECT 1', 3),
	('CREATE VIEW x AS SELECT 1', 1),
	('CREATE INDEX ON x (i)', 1),
	('CREATE SEQUENCE x', 1),
	('CREATE SCHEMA x CREATE TABLE y (i int UNIQUE) CREATE VIEW z AS SELECT 1', 5),
	('ALTER TABLE x ADD PRIMARY KEY (i)', 1),
	('ALTER TABLE x ADD PRIMARY KEY USING INDEX i', 0),
	('ALTER TABLE x ADD i int UNIQUE, DROP j', 1),
	('SELECT 1', 0),
	('CREATE TABLE x (i int); CREATE TABLE y (i int)', 6)) v (statement, expected)
WHERE (probe_script(statement)).locks <> expected;

SET client_min_messages = warning;
DROP SCHEMA kind_test CASCADE;
