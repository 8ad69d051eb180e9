-- Statements that lose data or objects: found by parse tree, and refused where allow_destructive_operations is false.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.destructive(script text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/one', '1_a.sql', script);
  RETURN QUERY SELECT line || ': ' || replace(message, 'destructive statement: ', '')
    FROM migrator.validate('m/one') WHERE check_name = 'destructive' AND severity <> 'ok';
END $$;

-- what is dropped
SELECT files.destructive($$
DROP TABLE app.a; DROP TABLE IF EXISTS b, app.c; DROP FOREIGN TABLE f;
DROP SCHEMA s; DROP VIEW v; DROP MATERIALIZED VIEW mv;
DROP TYPE t; DROP DOMAIN d; DROP SEQUENCE q; DROP FUNCTION f(int); DROP AGGREGATE g(int); DROP OPERATOR <-> (int, int);
DROP EXTENSION hstore; DROP PUBLICATION p; DROP OWNED BY someone; DROP ROLE someone;
DROP DATABASE old; DROP TABLESPACE old;
ALTER TABLE app.a DROP COLUMN c, DROP COLUMN IF EXISTS d CASCADE; ALTER TYPE t DROP ATTRIBUTE x;
ALTER TABLE app.a DROP CONSTRAINT a_pkey; ALTER TABLE app.a DROP CONSTRAINT a_check CASCADE;
ALTER DOMAIN d DROP CONSTRAINT c CASCADE;
$$);
-- what can be made again from what is left
SELECT files.destructive($$
DROP INDEX i; DROP INDEX CONCURRENTLY j; DROP TRIGGER t ON a; DROP RULE r ON a; DROP POLICY p ON a; DROP STATISTICS s; DROP CAST (int AS t);
ALTER TABLE a DROP CONSTRAINT a_check; ALTER TABLE a ALTER c DROP NOT NULL, ALTER c DROP DEFAULT; ALTER DOMAIN d DROP CONSTRAINT c;
CREATE OR REPLACE VIEW v AS SELECT 1; REVOKE ALL ON a FROM PUBLIC CASCADE;
$$);
-- unless it takes others along
SELECT files.destructive('DROP INDEX i CASCADE; DROP TRIGGER t ON app.a CASCADE; DROP CAST (int AS t) CASCADE');

-- rows
SELECT files.destructive($$
TRUNCATE a; TRUNCATE TABLE ONLY app.a, b CASCADE;
DELETE FROM a; DELETE FROM a WHERE true; DELETE FROM a WHERE 1 = 1; DELETE FROM a WHERE id = id; DELETE FROM a WHERE 't';
UPDATE a SET i = 1; UPDATE a SET i = 1 FROM b; UPDATE a SET i = 1 WHERE id = 3 OR true; UPDATE a SET i = 1 WHERE (1 = 1 AND true::bool);
WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM d;
WITH u AS (SELECT 1), d AS (UPDATE ONLY app.a SET i = 2 RETURNING *) SELECT * FROM d, u;
EXPLAIN ANALYZE DELETE FROM a; PREPARE p AS DELETE FROM a;
MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE; MERGE INTO a USING b ON 1 = 1 WHEN MATCHED AND true THEN UPDATE SET i = 1;
COPY (DELETE FROM a RETURNING 1) TO '/dev/null';
$$);
SELECT files.destructive($$
DELETE FROM a WHERE id = 1; DELETE FROM a WHERE false; DELETE FROM a WHERE NULL; DELETE FROM a WHERE NOT true;
UPDATE a SET i = 1 WHERE i = 1 AND true;
DELETE FROM a WHERE CURRENT OF c; INSERT INTO a VALUES (1) ON CONFLICT (i) DO UPDATE SET i = 2;
DELETE FROM a WHERE 'f'; DELETE FROM a WHERE id = 2 OR id = 3;
MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN DELETE; MERGE INTO a USING b ON true WHEN NOT MATCHED THEN INSERT VALUES (1);
SELECT 'DROP TABLE a'; -- DROP TABLE a
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM a; SELECT 1; END; CREATE RULE r AS ON INSERT TO a DO DELETE FROM b;
$$);

-- types: all that a statement shows is the new one
SELECT files.destructive($$
ALTER TABLE a ALTER c TYPE integer, ALTER d TYPE varchar(50), ALTER e TYPE text USING left(e, 3), ALTER f TYPE text[], ALTER g TYPE app.text;
ALTER TABLE a ALTER c TYPE text, ALTER d TYPE varchar, ALTER e TYPE text USING e::text, ALTER f TYPE text COLLATE "C";
ALTER TYPE t ALTER ATTRIBUTE x TYPE int;
$$);

-- what the script has made itself is nobody's loss
SELECT files.destructive($$
CREATE TABLE app.a (i int); ALTER TABLE app.a ADD j int; ALTER TABLE app.a DROP COLUMN i;
UPDATE app.a SET j = 1; DELETE FROM app.a; TRUNCATE app.a; DROP TABLE app.a;
CREATE TEMP TABLE scratch AS SELECT 1; DELETE FROM scratch; DROP TABLE scratch;
SELECT 1 INTO TEMP other; DROP TABLE other; CREATE VIEW v AS SELECT 1; DROP VIEW v; CREATE SEQUENCE s; DROP SEQUENCE s;
CREATE SCHEMA x CREATE TABLE y (i int); DROP TABLE x.y;
$$);
-- nor what it has added to a table
SELECT files.destructive($$
ALTER TABLE app.t ADD COLUMN c int, ADD d text; UPDATE app.t SET c = 1, d = 'x'; UPDATE app.t SET (c, d) = (2, 'y');
ALTER TABLE app.t ALTER c TYPE bigint, DROP d;
$$);
SELECT files.destructive($$
ALTER TABLE app.t ADD COLUMN c int, DROP COLUMN c; ALTER TABLE app.t ADD COLUMN IF NOT EXISTS d int; UPDATE app.t SET d = 1; ALTER TABLE app.t DROP d;
ALTER TABLE app.t ADD COLUMN e int; UPDATE app.t SET e = 1, f = 2; UPDATE app.u SET e = 1; UPDATE t SET e = 1; ALTER TABLE app.t DROP e;
ALTER TABLE app.t DROP e;
ALTER TABLE app.t ADD COLUMN g int; ALTER TABLE app.t RENAME g TO h; ALTER TABLE app.t RENAME f TO g; ALTER TABLE app.t DROP g;
$$);
-- but not what may have been there, or is another one by that name
SELECT files.destructive($$
CREATE TABLE IF NOT EXISTS a (); DROP TABLE a;
CREATE TABLE app.b (); DROP TABLE other.b; DROP TABLE b;
CREATE TABLE c (); SET search_path = other; DROP TABLE c;
CREATE TABLE d (); ALTER TABLE d RENAME TO e; ALTER TABLE f RENAME TO d; DROP TABLE d;
CREATE TABLE g (); ALTER TABLE g SET SCHEMA x; DROP TABLE g;
CREATE TABLE h (); DROP TABLE h, i; CREATE TABLE j (); DROP TABLE j CASCADE;
CREATE OR REPLACE VIEW k AS SELECT 1; DROP VIEW k;
CREATE TEMP TABLE l (); DROP TABLE l; DROP TABLE l; CREATE TABLE app.m (); DROP TABLE app.m; DROP TABLE IF EXISTS app.m;
$$);

-- what cannot be seen is said
SELECT files.destructive($$
SELECT 1;
DO 'BEGIN PERFORM 1; END';
DO LANGUAGE plpgsql 'BEGIN EXECUTE ''dr'' || ''op table a''; END';
$$);
SELECT files.destructive($$DO 'BEGIN raindrop := undeleted; END'$$);

-- of very many the first are shown, and the others counted
SELECT * FROM (SELECT files.destructive(repeat(E'DELETE FROM a;\n', 1000))) f OFFSET 18;

-- nothing is said of it: a warning, and a run passes
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a (i int); CREATE TABLE b (i int);', '2_b.sql', E'INSERT INTO a VALUES (1);\n  DELETE FROM a;');
SELECT check_name, severity, version, file, line, message FROM migrator.validate('m/d') WHERE check_name = 'destructive';
SELECT version, outcome FROM migrator.apply('m/d');
-- what is applied is history
SELECT check_name, severity FROM migrator.validate('m/d') WHERE check_name = 'destructive';
-- a registration forbids it
CALL files.forget();
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": false}');
SELECT check_name, severity, version, file, line, message, hint FROM migrator.validate() WHERE check_name = 'destructive';
\set VERBOSITY verbose
SELECT * FROM migrator.apply();
CALL migrator.up();
\set VERBOSITY default
SELECT files.error('SELECT migrator.assert_valid()');
-- a dry run executes the scripts, and force is for something else
SELECT files.error($$SELECT * FROM migrator.apply(dry_run => true)$$), files.error($$SELECT * FROM migrator.apply(options => '{"force": true}')$$);
-- nothing was done
SELECT count(*) FROM migrator.migrations;
-- what is not chosen is no reason
SELECT version, outcome FROM migrator.apply(target => '1');
CALL migrator.up(versions => '{2}');
-- the whole list is counted
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a (i int); CREATE TABLE b (i int);', '2_b.sql', 'DROP TABLE a; DROP TABLE b; DO ''begin delete from a; end''');
CALL migrator.up();
-- hooks as well
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a (i int); CREATE TABLE b (i int);', '2_b.sql', 'SELECT 1', 'pre_migrate_2.sql', 'DELETE FROM a',
  'post_migrate.sql', E'SELECT 2;\nTRUNCATE b');
SELECT version, file, line, message FROM migrator.validate() WHERE check_name = 'destructive';
CALL migrator.up();
-- a down script that drops what its up made is no news
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE app.c ()', '1_a.down.sql', 'DROP TABLE app.c');
CALL files.forget();
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE check_name IN ('destructive', 'cascade');
CALL files.forget();
-- bootstrap.sql and seed.sql
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE app.c (i int)', 'bootstrap.sql', E'INSERT INTO app.c VALUES (1);\nTRUNCATE app.c',
  'seed.sql', 'DELETE FROM app.c');
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": false}');
SELECT version, file, line, severity, message FROM migrator.validate() WHERE check_name = 'destructive';
CALL migrator.up();
SET migrator.bootstrap = off;
SELECT version FROM migrator.apply();
RESET migrator.bootstrap;
SELECT * FROM migrator.seed();
CALL files.forget();
-- what variables hold is judged, and not shown
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nSELECT 1;\nDROP TABLE :"victim";');
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": false}');
SELECT files.error($$SELECT * FROM migrator.apply(variables => '{"victim": "secret_table"}')$$);
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nDELETE FROM app.c WHERE :condition;');
SELECT files.error($$SELECT * FROM migrator.apply(variables => '{"condition": "true"}')$$),
  files.error($$SELECT * FROM migrator.apply(variables => '{"condition": "i = 1"}')$$);
CALL files.forget();
