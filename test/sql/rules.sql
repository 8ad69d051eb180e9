--
-- What rules over parse trees are given to see (src/script/visit.c), and that what they remark does not crowd out errors.
--
-- Needs only the library of the tests: its windows are declared here.
--
\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS rules_test CASCADE;
RESET client_min_messages;
CREATE SCHEMA rules_test;
SET search_path = rules_test;

CREATE FUNCTION probe_visit(script text) RETURNS text[]
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_visit';

-- Each statement with the nodes that rules want of it.  What is inside comes before the statement itself; the rule for
-- every statement comes last.
CREATE TABLE visits (statement text, nodes text[]);
INSERT INTO visits VALUES
-- queries, as deep as they go
('SELECT a(), (SELECT b(c()))', '{FuncCall a,SelectStmt,FuncCall b,FuncCall c,SelectStmt,statement}'),
('INSERT INTO t SELECT a() RETURNING b()', '{SelectStmt,FuncCall a,FuncCall b,statement}'),
('UPDATE t SET i = a() FROM b() x', '{FuncCall a,FuncCall b,statement}'),
('MERGE INTO t USING s ON a() WHEN MATCHED THEN DO NOTHING', '{FuncCall a,statement}'),
-- statements that run a query
('EXPLAIN ANALYZE SELECT a()', '{SelectStmt,FuncCall a,statement}'),
('EXPLAIN CREATE TABLE x AS SELECT a()', '{SelectStmt,FuncCall a,statement}'),
('CREATE TABLE x AS SELECT a()', '{SelectStmt,FuncCall a,statement}'),
('COPY (SELECT a()) TO ''/x''', '{SelectStmt,FuncCall a,statement}'),
('DECLARE c CURSOR FOR SELECT a()', '{SelectStmt,FuncCall a,statement}'),
('PREPARE p AS SELECT a()', '{SelectStmt,FuncCall a,statement}'),
('CALL p(a())', '{FuncCall p,FuncCall a,statement}'),
-- definitions
('CREATE TABLE x (i int PRIMARY KEY, j int, CHECK (true))', '{ColumnDef i,Constraint,ColumnDef j,Constraint,CreateStmt,statement}'),
('CREATE FOREIGN TABLE x (i int NOT NULL) SERVER s', '{ColumnDef i,Constraint,statement}'),
('ALTER TABLE x ADD i int NOT NULL, DROP j, ADD CHECK (true)', '{AlterTableCmd,ColumnDef i,Constraint,AlterTableCmd,AlterTableCmd,Constraint,statement}'),
('CREATE SCHEMA x CREATE TABLE y (i int) CREATE INDEX ON y (i)', '{CreateStmt,ColumnDef i,IndexStmt,statement}'),
('CREATE INDEX ON x (i)', '{IndexStmt,statement}'),
-- what is stored for later is not run
('CREATE VIEW x AS SELECT a()', '{statement}'),
('CREATE RULE r AS ON INSERT TO x DO INSTEAD SELECT a()', '{statement}'),
('CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a(); END', '{statement}'),
('CREATE TABLE x (i int DEFAULT a() CHECK (b()))', '{ColumnDef i,Constraint,Constraint,CreateStmt,statement}'),
('DO ''BEGIN PERFORM a(); END''', '{statement}'),
-- a statement that is forbidden is left at that
('DELETE FROM t WHERE a()', '{FuncCall a,DeleteStmt}'),
('EXPLAIN DELETE FROM t WHERE a()', '{DeleteStmt}'),
('WITH w AS (DELETE FROM t RETURNING a()) SELECT b()', '{FuncCall b,DeleteStmt}'),
('VACUUM', '{statement}'),
('SET x.y = 1', '{statement}');

SELECT count(*) FROM visits;
SELECT statement, got, nodes
FROM (SELECT *, ARRAY(SELECT regexp_replace(p, '^1:1 (22023|01000) | behind -1$', '', 'g')
					  FROM unnest(probe_visit(statement)) WITH ORDINALITY u(p, n) ORDER BY n) AS got FROM visits) v
WHERE got IS DISTINCT FROM nodes
ORDER BY 1;

-- a rule's place: its statement, and what stands before it
SELECT probe_visit(E'VACUUM;\nCREATE INDEX ON x (i);\n  DROP TABLE x;');

-- 20 remarks are kept, and 20 errors beside them
SELECT cardinality(p) AS problems, (SELECT count(*) FROM unnest(p) q WHERE q LIKE '%DISCARD ALL is not allowed%') AS errors
FROM (VALUES (30, 1), (30, 25), (3, 25)) n (remarks, errors),
	probe_visit(repeat(E'VACUUM;\n', remarks) || repeat(E'DISCARD ALL;\n', errors)) p;

SET client_min_messages = warning;
DROP SCHEMA rules_test CASCADE;
