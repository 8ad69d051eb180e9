-- Lint: names without schema, CASCADE, DELETE and UPDATE without WHERE; in scripts that go up, those that go down, and hooks.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.lint(script text, "check" text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/one', '1_a.sql', script);
  RETURN QUERY SELECT line || ' ' || severity || ': ' || message FROM migrator.validate('m/one') WHERE check_name = "check" AND severity <> 'ok';
END $$;

-- each of these names one relation without its schema
CREATE TABLE scripts (script text, n serial);
INSERT INTO scripts (script) VALUES ('SELECT * FROM a'), ('INSERT INTO a VALUES (1)'), ('UPDATE a SET i = 1 WHERE i = 2'), ('DELETE FROM a WHERE i = 2'),
  ('MERGE INTO app.b USING a ON true WHEN MATCHED THEN DO NOTHING'), ('TRUNCATE a'), ('COPY a TO ''/x'''), ('COPY a FROM ''/x'' WHERE i = 2'),
  ('LOCK TABLE a'),
  ('CREATE TABLE a (i int)'), ('CREATE TABLE app.b (i int REFERENCES a)'), ('CREATE TABLE app.b (LIKE app.c) INHERITS (a)'),
  ('CREATE TABLE a AS SELECT 1'),
  ('SELECT 1 INTO a'), ('ALTER TABLE a ADD COLUMN i int'), ('ALTER TABLE a RENAME TO b'), ('ALTER TABLE app.b ADD FOREIGN KEY (i) REFERENCES a'),
  ('ALTER TABLE a SET SCHEMA b'), ('DROP TABLE a'), ('DROP TABLE app.b, a, other.c'), ('DROP INDEX a'), ('DROP VIEW a'), ('CREATE INDEX ON a (i)'),
  ('CREATE VIEW a AS SELECT 1'),
  ('CREATE SEQUENCE a'), ('ALTER SEQUENCE a RESTART'), ('CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f()'), ('CREATE POLICY p ON a'),
  ('CREATE RULE r AS ON INSERT TO a DO NOTHING'),
  ('REFRESH MATERIALIZED VIEW a'), ('GRANT SELECT ON a TO PUBLIC'), ('VACUUM a'), ('ANALYZE a'), ('CREATE FOREIGN TABLE a (i int) SERVER s'),
  ('EXPLAIN SELECT * FROM a'),
  ('WITH w AS (SELECT * FROM a) SELECT * FROM w'), ('SELECT (SELECT 1 FROM a) FROM app.b'), ('CREATE TABLE app.c AS SELECT * FROM a'),
  ('SELECT * FROM a x FOR UPDATE OF x');
SELECT count(*) FROM scripts;
SELECT script, f FROM scripts, files.lint(script, 'qualification') f WHERE f <> '1 info: "a" is named without its schema' ORDER BY n;
SELECT script FROM scripts s WHERE NOT EXISTS (SELECT FROM files.lint(script, 'qualification')) ORDER BY n;
-- and these none
SELECT files.lint($$
SELECT * FROM app.a, pg_class, generate_series(1, 3); CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (1); SELECT * FROM t; DROP TABLE t;
CREATE SCHEMA s CREATE TABLE x (i int) CREATE INDEX ON x (i); DROP FUNCTION f; DROP SCHEMA s; GRANT ALL ON SCHEMA s TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA s TO PUBLIC;
WITH RECURSIVE w AS (SELECT 1 UNION ALL SELECT * FROM w), v AS (SELECT * FROM w) SELECT * FROM v, w; VACUUM; ANALYZE;
SET search_path = app; SELECT * FROM a; CREATE TABLE b ();
$$, 'qualification');
-- the first place, and how many others there are
SELECT files.lint(E'SELECT 1;\n  SELECT * FROM "A b";\nSELECT * FROM c, d;', 'qualification');

-- CASCADE
SELECT files.lint($$
DROP TABLE app.a CASCADE; DROP SCHEMA s CASCADE; DROP OWNED BY someone CASCADE; TRUNCATE app.a CASCADE;
ALTER TABLE app.a DROP COLUMN c CASCADE, DROP CONSTRAINT d; ALTER TABLE app.a DROP CONSTRAINT d CASCADE; ALTER DOMAIN d DROP CONSTRAINT c CASCADE;
ALTER TYPE app.t DROP ATTRIBUTE x CASCADE; DROP FUNCTION f CASCADE; DROP INDEX i CASCADE;
DROP TABLE app.a; DROP TABLE app.a RESTRICT; CREATE TABLE app.b (i int REFERENCES app.a ON DELETE CASCADE); REVOKE ALL ON app.a FROM PUBLIC CASCADE;
$$, 'cascade');
-- WHERE
SELECT files.lint($$
DELETE FROM a; UPDATE ONLY app.a SET i = 2; DELETE FROM a WHERE true; WITH d AS (DELETE FROM b RETURNING 1) SELECT 1;
DELETE FROM a WHERE i = 1; UPDATE a SET i = 2 WHERE i = 1; CREATE TEMP TABLE t (); DELETE FROM t; CREATE TABLE app.n (); UPDATE app.n SET i = 1;
$$, 'no_where');
-- of many of a kind ten are shown
SELECT files.lint(repeat(E'DELETE FROM a;\n', 30), 'no_where');

-- everywhere
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a ()', '1_a.down.sql', E'SELECT 1;\nDROP TABLE app.a CASCADE', '2_b.up.sql', 'DELETE FROM app.a',
  '2_b.down.sql', '', 'pre_migrate.sql', 'UPDATE app.a SET i = 1', 'post_migrate_2.sql', 'DROP TABLE app.x CASCADE');
CREATE VIEW files.found AS SELECT check_name, severity, version, file, line FROM migrator.validate('m/d')
WHERE check_name IN ('qualification', 'cascade', 'no_where') AND severity <> 'ok'
  ORDER BY check_name, file COLLATE "C";
TABLE files.found;
-- of what is applied too
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a ()', '1_a.down.sql', E'SELECT 1;\nDROP TABLE app.a CASCADE', '2_b.up.sql', 'DELETE FROM app.a');
SELECT version FROM migrator.apply('m/d');
TABLE files.found;
-- files, groups of files, and what to look at, in one query
SELECT check_name, severity, file, message FROM migrator.validate('m/d', verbose => true)
  WHERE check_name IN ('syntax', 'groups', 'cascade') AND (severity <> 'ok' OR check_name <> 'cascade');
CALL files.forget();
-- pg_advisory_unlock_all() is found in the condition of COPY as well
CALL files.make('m/d', '1_a.sql', 'COPY app.a FROM ''/x'' WHERE pg_advisory_unlock_all() IS NULL');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
