-- What needs what as rows and as a drawing, and which tables are touched: dependencies(), dependency_graph(), impact().
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/user', '000001_users.up.sql',
  'CREATE SCHEMA user_service CREATE TABLE users (id int) CREATE TABLE logins (); CREATE TABLE user_service.more ();',
  '000002_profiles.up.sql', 'CREATE TABLE user_service.profiles (); ALTER TABLE user_service.users ADD nick text;
    CREATE INDEX ON user_service.users (nick);
    INSERT INTO users (id) SELECT id FROM other.source;',
  '000003_data.up.sql', 'SELECT 1;', '000004_last.up.sql', 'UPDATE user_service."Odd "" name" SET a = 1;', '000005_none.up.sql', 'DROP TABLE a.gone;',
  'dependencies.json', $$
{
  "migrations": {
    "000001": {"affects_tables": ["user_service.users", "User_Service.LOGINS", "more"], "risk_level": "low", "rollback_safe": true},
    "000002": {"depends_on": ["000001", "000003"], "affects_tables": ["user_service.users", "user_service.emails"], "rollback_safe": false},
    "000003": {"depends_on": ["000001"], "affects_tables": []},
    "000004": {"depends_on": ["000003", "2"], "affects_tables": ["user_service.\"Odd \"\" name\""],
               "cross_service_dependencies": {"notification-service": ["000002", "000009"], "billing": ["1"]}}
  }
}$$);
CALL files.make('m/notification', '1_a.up.sql', 'CREATE TABLE n1();', '000002_b.up.sql', 'COPY n1 FROM stdin;
\.
');
SELECT migrator.register('user-service', 'm/user');
SELECT migrator.register('notification-service', 'm/notification');
SELECT version FROM migrator.apply('m/user', target => '1');
SELECT version, depends_on, missing, required_by, cross_service, depth, state FROM migrator.dependencies('m/user');
SELECT version, name, affects_tables, touches, risk_level, rollback_safe FROM migrator.dependencies('m/user');
SELECT service, version, depends_on, touches FROM migrator.dependencies(service => '*');
SELECT migrator.dependency_graph('m/user');
SELECT migrator.dependency_graph('m/user', format => 'dot');
SELECT jsonb_pretty(migrator.dependency_graph(service => '*', format => 'json')::jsonb);
SELECT migrator.dependency_graph(service => '*');
SELECT migrator.dependency_graph('m/user', format => 'mermaids');
SELECT migrator.dependency_graph('m/user', format => NULL) = migrator.dependency_graph('m/user');
SELECT * FROM migrator.dependencies();
SELECT * FROM migrator.dependencies(service => 'nobody');

-- By declaration and by parse tree.
SELECT version, state, relation, declared, found, commands FROM migrator.impact('m/user');
SELECT version, relation, declared, found, commands FROM migrator.impact('m/user', relation => 'USER_service.users');
SELECT version, relation, declared, found, commands FROM migrator.impact('m/user', relation => 'users');
SELECT service, version, relation FROM migrator.impact(service => '*', relation => 'n1');
SELECT version FROM migrator.impact('m/user', relation => '"Odd "" name"');
SELECT version FROM migrator.impact('m/user', relation => 'nothing');
SELECT version FROM migrator.impact('m/user', relation => 'a b');
\echo :LAST_ERROR_SQLSTATE
SELECT version FROM migrator.impact('m/user', relation => '');
SELECT check_name, severity, version, file, line, message FROM migrator.validate('m/user') WHERE check_name = 'dependencies';

-- Each kind of statement that touches a table, and what does not.
CREATE VIEW files.touched AS SELECT name, relation, commands FROM migrator.impact('m/d') ORDER BY version, relation COLLATE "C";
CALL files.make('m/d',
  '01_create.sql', 'CREATE TABLE a (); CREATE UNLOGGED TABLE s.a (); CREATE TABLE b PARTITION OF a DEFAULT; CREATE FOREIGN TABLE c (x int) SERVER y;
    CREATE TABLE d AS SELECT * FROM read_only; SELECT 1 INTO e UNION SELECT 2; CREATE MATERIALIZED VIEW f AS SELECT 1; CREATE TABLE "A.b"."C" ();',
  '02_alter.sql', 'ALTER TABLE a ADD x int, ADD y int; ALTER TABLE a ATTACH PARTITION b DEFAULT; ALTER FOREIGN TABLE c ADD z int;
    ALTER MATERIALIZED VIEW f SET (fillfactor = 50); ALTER TABLE a RENAME TO g; ALTER TABLE h RENAME x TO y; ALTER TABLE i RENAME CONSTRAINT x TO y;
    ALTER TABLE j SET SCHEMA s; ALTER TABLE IF EXISTS ONLY k OWNER TO x; ALTER TABLE l ENABLE ROW LEVEL SECURITY',
  '03_drop.sql', 'DROP TABLE a, s.b CASCADE; DROP FOREIGN TABLE c; DROP MATERIALIZED VIEW f; DROP TRIGGER t ON s.d; DROP POLICY p ON e; DROP RULE r ON g;',
  '04_write.sql', 'INSERT INTO a VALUES (1); UPDATE ONLY s.b SET x = 1; DELETE FROM c USING read_only; TRUNCATE d, s.e;
    WITH w AS (DELETE FROM f RETURNING 1), v AS (INSERT INTO g SELECT * FROM w RETURNING 1) SELECT * FROM v;
    MERGE INTO h USING read_only r ON true WHEN MATCHED THEN DO NOTHING; EXPLAIN ANALYZE UPDATE i SET x = 1; PREPARE z AS DELETE FROM j;',
  '05_more.sql', 'CREATE INDEX ON a (x); CREATE TRIGGER t AFTER INSERT ON b EXECUTE FUNCTION x(); CREATE RULE r AS ON INSERT TO c DO NOTHING;
    CREATE POLICY p ON d; ALTER POLICY p ON d USING (true); COMMENT ON TABLE s.e IS NULL; COMMENT ON COLUMN s.f.x IS NULL; 
    COMMENT ON TRIGGER t ON g IS NULL;
    GRANT SELECT ON h, s.i TO x; REVOKE ALL ON TABLE h FROM x; REFRESH MATERIALIZED VIEW j; CREATE STATISTICS st ON x, y FROM k;
    COMMENT ON CONSTRAINT x ON l IS NULL; SECURITY LABEL ON TABLE m IS NULL;',
  '06_not.sql', 'SELECT * FROM a; CREATE VIEW v AS SELECT * FROM a; DROP VIEW v; CREATE SEQUENCE q; COMMENT ON VIEW v IS NULL; 
    GRANT USAGE ON SEQUENCE q TO x;
    GRANT SELECT ON ALL TABLES IN SCHEMA s TO x; DO $x$BEGIN DELETE FROM a; END$x$; CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM a; END;
    ALTER VIEW v RENAME x TO y; ALTER INDEX i RENAME TO y; ALTER TYPE t RENAME TO u; COPY a TO ''/dev/null''; LOCK a; DROP INDEX i; VACUUM a;
    COMMENT ON SCHEMA s IS NULL; DROP SCHEMA s; ALTER SEQUENCE q RESTART;',
  '07_temporary.sql', 'CREATE TEMP TABLE t (); INSERT INTO t DEFAULT VALUES; CREATE TEMP TABLE u AS SELECT 1; DROP TABLE u; SELECT 1 INTO TEMP w; 
    DELETE FROM pg_temp.x; INSERT INTO s.t DEFAULT VALUES;',
  '08_schema.sql', 'CREATE SCHEMA s CREATE TABLE a () CREATE INDEX ON a (x) CREATE TABLE s.b () GRANT SELECT ON a TO x; 
    CREATE SCHEMA AUTHORIZATION x CREATE TABLE c ();',
  '09_broken.sql', 'CREATE TABLE a (); CREATE TABEL b (); DROP TABLE c;');
TABLE files.touched;

-- Names from outside come out as text, in each of the languages.
CALL files.forget();
CALL files.make('m/d', E'1_a"b\\c\n\x1b[2J<script>#35;`x`[y](z)|%25.sql',
  'CREATE TABLE "a""b.c" (); CREATE TABLE "SELECT" ();', '2_b.sql', 'SELECT 2;', 'dependencies.json',
  E'{"migrations": {"2": {"depends_on": ["1", "x\\"]; end\\n style n1 fill:#f00"],
  "cross_service_dependencies": {"other": ["\\n\\"];n1"]}}}}');
SELECT migrator.dependency_graph('m/d');
SELECT migrator.dependency_graph('m/d', format => 'dot');
SELECT migrator.dependency_graph('m/d', format => 'json')::jsonb->'nodes';
SELECT version, missing, cross_service FROM migrator.dependencies('m/d') WHERE version = '2';
SELECT relation FROM migrator.impact('m/d');

-- A ring is drawn as it is.
CALL files.names('m/d', '1_a.sql', '2_b.sql');
CALL files.write('m/d/dependencies.json', '{"migrations": {"1": {"depends_on": ["2"]}, "2": {"depends_on": ["1"]}}}');
SELECT version, depends_on, required_by FROM migrator.dependencies('m/d');
SELECT migrator.dependency_graph('m/d');
-- without the file
CALL files.names('m/d', '1_a.sql', '2_b.sql');
SELECT version, depends_on, required_by, depth, affects_tables, touches FROM migrator.dependencies('m/d');
SELECT migrator.dependency_graph('m/d', format => 'json');
-- Made an error, what they find stops a run.
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE s.b ();', '2_b.sql', 'SELECT 2;', 'dependencies.json',
  '{"migrations": {"1": {"affects_tables": ["s.a"]}, "2": {}, "9": {}}}');
SELECT migrator.register('default', 'm/d', options => '{"checks": {"dependencies": "error"}}');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', versions => '{2}', dry_run => true);
SELECT migrator.register('default', 'm/d', options => '{"checks": {"orphans": "error"}}');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{2}', dry_run => true);
SELECT migrator.register('default', 'm/d', options => '{"checks": {"orphans": "off"}}');
SELECT severity, message FROM migrator.validate('m/d') WHERE check_name IN ('dependencies', 'orphans');
SELECT version, outcome FROM migrator.apply('m/d', versions => '{2}', dry_run => true);
SELECT migrator.register('default', 'm/d', options => '{"checks": {"cross_service": "off"}}');
