-- SELECT * FROM migrator.prove(): does each down script undo its up script?
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.rows AS SELECT (SELECT count(*) FROM migrator.migrations) AS migrations, (SELECT count(*) FROM migrator.history) AS history,
  (SELECT count(*) FROM migrator.runs) AS runs, (SELECT count(*) FROM migrator.service_state) AS states,
  (SELECT count(*) FROM pg_class WHERE relnamespace = (SELECT n.oid FROM pg_namespace n WHERE nspname = 'app')) AS relations;
CREATE PROCEDURE files.of(up text, down text) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.make('m/d', '1_base.up.sql', 'CREATE TABLE t (a integer DEFAULT 1, b text NOT NULL); CREATE INDEX i ON t (a);',
    '1_base.down.sql', 'DROP TABLE t;', '2_x.up.sql', up, '2_x.down.sql', down);
END $$;

-- Each verdict.
CALL files.make('m/d',
  '001_a.up.sql', 'CREATE TABLE a (id serial PRIMARY KEY); CREATE VIEW v AS SELECT id FROM a;', '001_a.down.sql', 'DROP VIEW v; DROP TABLE a;',
  '002_b.up.sql', 'CREATE TABLE b (id integer PRIMARY KEY, x text); CREATE INDEX b_x ON b (x);', '002_b.down.sql', 'DROP INDEX b_x;',
  '003_c.up.sql', 'ALTER TABLE a ADD c text;',
  '004_d.up.sql', 'CREATE INDEX CONCURRENTLY d ON a (c);', '004_d.down.sql', 'DROP INDEX d;',
  '005_e.up.sql', 'CREATE TABLE e();', '005_e.down.sql', 'DROP INDEX CONCURRENTLY d;',
  '006_f.up.sql', E'-- migrator: irreversible\nDELETE FROM a;', '006_f.down.sql', 'SELECT 1;',
  '007_g.up.sql', 'COMMENT ON INDEX d IS ''needs 004'';', '007_g.down.sql', 'COMMENT ON INDEX d IS NULL;',
  '008_h.up.sql', 'ALTER TABLE a DROP COLUMN c CASCADE; DROP VIEW v;', '008_h.down.sql', E'ALTER TABLE a ADD c text;\nSELECT nosuch;',
  '009_i.up.sql', 'CREATE TABLE i();', '009_i.down.sql', 'DROP TABEL i;',
  '010_j.up.sql', 'CREATE VIEW j AS SELECT id FROM a;', '010_j.down.sql', 'DROP TABLE b; DROP VIEW j;',
  '011_k.up.sql', 'CREATE TABLE k (id integer REFERENCES a); CREATE TABLE l (id integer REFERENCES a);', '011_k.down.sql', 'DROP TABLE k; DROP TABLE a;');
SELECT * FROM migrator.prove('m/d');
TABLE files.rows;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';

-- What is undone is not held against the caller's transaction; his own work stays.
BEGIN;
CREATE TABLE mine();
SELECT version, verdict FROM migrator.prove('m/d', versions => '{1}');
SELECT to_regclass('mine'), to_regclass('a');
ROLLBACK;

-- Those alone; what is pending before them is applied, too.
SELECT version, verdict, differences FROM migrator.prove('m/d', versions => '{8,002}');
SELECT * FROM migrator.prove('m/d', versions => '{99}');
SELECT count(*) FROM migrator.apply('m/d', target => '3');
SELECT version, verdict, message FROM migrator.prove('m/d', versions => '{1,10}');
SELECT version, verdict, message FROM migrator.prove('m/d', versions => '{1,2}');
SELECT * FROM migrator.prove(service => '*', versions => '{1}');

-- Each kind of difference.
CALL files.forget();
CREATE PROCEDURE files.differ(up text, down text, INOUT differences text[] = NULL, INOUT message text = NULL) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.of(up, down);
  SELECT p.differences, p.message INTO differences, message FROM migrator.prove('m/d', versions => '{2}') p;
END $$;
CALL files.differ('DROP INDEX i;', 'SELECT 1;');
CALL files.differ('DROP INDEX i;', 'CREATE INDEX i ON t (b);');
CALL files.differ('ALTER TABLE t ALTER a SET DEFAULT 2;', 'ALTER TABLE t ALTER a DROP DEFAULT;');
CALL files.differ('ALTER TABLE t ADD c integer;', 'SELECT 1;');
CALL files.differ('ALTER TABLE t DROP b;', 'ALTER TABLE t ADD b text;');
CALL files.differ('ALTER TABLE t RENAME TO u;', 'ALTER TABLE u RENAME TO w;');
CALL files.differ('COMMENT ON TABLE t IS ''x'';', 'COMMENT ON TABLE t IS ''y'';');
CALL files.differ('GRANT SELECT ON t TO PUBLIC;', 'SELECT 1;');
CALL files.differ('CREATE TYPE color AS ENUM (''red'');', 'SELECT 1;');
CALL files.differ('CREATE SCHEMA other; CREATE TABLE other.t (id integer PRIMARY KEY CHECK (id > 0));', 'DROP SCHEMA other CASCADE; CREATE SCHEMA other;');
CALL files.differ('CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 1; END; CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $x$
  SELECT ''a'';
  SELECT ''b'';
$x$;', 'DROP FUNCTION f; CREATE OR REPLACE FUNCTION g() RETURNS text LANGUAGE sql AS ''SELECT 1'';');
CALL files.differ('CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS ''SELECT 1'';', 'SELECT 1;');
CALL files.write('m/d/1_base.up.sql', $s$CREATE TABLE t (a integer UNIQUE, b text); CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $x$
BEGIN
  RETURN 'a';
END
$x$;$s$);
CALL files.write('m/d/1_base.down.sql', 'DROP VIEW v; DROP TABLE t; DROP FUNCTION f;');
CREATE PROCEDURE files.differ_too(up text, down text, INOUT differences text[] = NULL, INOUT message text = NULL) LANGUAGE plpgsql AS $$
BEGIN
  CALL files.write('m/d/2_x.up.sql', up);
  CALL files.write('m/d/2_x.down.sql', down);
  -- from 16 on a view of one table is printed without its name
  SELECT ARRAY(SELECT replace(d, 'SELECT t.', 'SELECT ') FROM unnest(p.differences) d), p.message INTO differences, message
    FROM migrator.prove('m/d', versions => '{2}') p;
END $$;
CALL files.differ_too('DROP FUNCTION f;', E'CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $x$\nBEGIN\n  RETURN ''b'';\nEND\n$x$;');
CALL files.differ_too('DROP FUNCTION f;', E'CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $x$\nBEGIN\n\tRETURN ''a'';\nEND\n$x$;');
CALL files.differ_too('DROP FUNCTION f;', E'CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $x$\nBEGIN\nEND\n$x$;');
CALL files.differ_too('ALTER TABLE t DROP CONSTRAINT t_a_key;', 'SELECT 1;');
CALL files.differ_too('ALTER TABLE t RENAME a TO x;', 'ALTER TABLE t RENAME x TO y;');
CALL files.differ_too('ALTER TABLE t RENAME TO u;', 'ALTER TABLE u RENAME TO t; CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE true;');
CALL files.differ_too('DROP VIEW v; CREATE VIEW v AS SELECT b FROM t;', 'DROP VIEW v; CREATE VIEW v AS SELECT a FROM t LIMIT 1;');
CALL files.differ_too('ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t;', 'DROP POLICY p ON t;');
-- the up script is no way up again
CALL files.differ('CREATE TABLE IF NOT EXISTS u (x integer DEFAULT 1);', 'DROP TABLE u; ALTER TABLE t ALTER a TYPE bigint;');
CREATE SEQUENCE files.times;
CALL files.differ('DO $x$ BEGIN EXECUTE format(''CREATE TABLE u (c%s integer)'', nextval(''files.times'')); END $x$;', 'DROP TABLE u;');
-- what is temporary is gone the next time; that of the caller stays
CREATE TEMP TABLE mine AS SELECT 1 AS a;
CALL files.differ('CREATE TEMP TABLE w ON COMMIT DROP AS SELECT 1 AS a; CREATE TEMP VIEW x AS SELECT a FROM w; CREATE TABLE u ();', 'DROP TABLE u;');
TABLE mine;
DROP TABLE mine;
-- names of many lines
CALL files.differ(E'ALTER TABLE t ADD "c\nd" integer DEFAULT 1; COMMENT ON COLUMN t."c\nd" IS ''two\nlines'';', 'SELECT 1;');

-- What a down script takes away it does not take from the next.
CALL files.of('CREATE TABLE u();', 'DROP TABLE u; DROP TABLE t;');
CALL files.write('m/d/3_y.up.sql', 'ALTER TABLE t ADD y integer;');
CALL files.write('m/d/3_y.down.sql', 'ALTER TABLE t DROP y;');
SELECT version, verdict, differences, message FROM migrator.prove('m/d');
-- What the source says is wrong, as for a run
CALL files.write('m/d/4_z.up.sql', 'CREATE TABEL z();');
SELECT * FROM migrator.prove('m/d');
CALL files.remove('m/d/4_z.up.sql');
SET migrator.enabled = off;
SELECT * FROM migrator.prove('m/d');
RESET migrator.enabled;
BEGIN READ ONLY;
SELECT * FROM migrator.prove('m/d');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT version, verdict FROM migrator.prove('m/d');
ROLLBACK;
-- a cancel is meant for the call
CALL files.of('CREATE TABLE u();', 'DO $x$ BEGIN PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(100); END $x$;');
SELECT version FROM migrator.prove('m/d');
-- nor does what others do tell anything of a script
CALL files.of('CREATE TABLE u();', 'DO $x$ BEGIN RAISE lock_not_available; END $x$;');
SELECT version FROM migrator.prove('m/d');
CALL files.of('CREATE TABLE u();', 'DO $x$ BEGIN RAISE deadlock_detected; END $x$;');
SELECT version FROM migrator.prove('m/d');
-- a proof in a proof
CALL files.of('CREATE TABLE u();', 'DROP TABLE u; SELECT * FROM migrator.prove(''m/d'');');
SELECT version, verdict, message FROM migrator.prove('m/d', versions => '{2}');
TABLE files.rows;

-- Every service, each for itself.
CALL files.make('m/one', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;');
CALL files.make('m/two', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE b;');
SELECT migrator.register('one', 'm/one');
SELECT migrator.register('two', 'm/two');
SELECT * FROM migrator.prove(service => '*');
-- rights: those of a run
CREATE ROLE regress_migrator_user;
CREATE ROLE regress_migrator_other;
SELECT migrator.register('two', 'm/two', options => '{"roles": ["regress_migrator_other"]}');
SET ROLE regress_migrator_user;
SELECT * FROM migrator.prove('m/two', 'two');
RESET ROLE;
GRANT USAGE ON SCHEMA migrator TO regress_migrator_user;
GRANT EXECUTE ON FUNCTION migrator.prove TO regress_migrator_user;
SET ROLE regress_migrator_user;
SELECT * FROM migrator.prove('m/two', 'two');
RESET ROLE;
DROP OWNED BY regress_migrator_user;
SELECT migrator.unregister('two');
DROP ROLE regress_migrator_user, regress_migrator_other;
-- what may be lost: by up scripts
SELECT migrator.register('one', 'm/one', options => '{"allow_destructive_operations": false}');
SELECT version, verdict FROM migrator.prove(service => 'one');
CALL files.write('m/one/2_b.up.sql', 'DROP TABLE a;');
SELECT version, verdict FROM migrator.prove(service => 'one');
SELECT migrator.unregister('one');
TABLE files.rows;

-- nothing is pending
CALL files.forget();
CALL files.make('m/one', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;');
SELECT count(*) FROM migrator.apply('m/one', 'one');
SET client_min_messages = notice;
SELECT * FROM migrator.prove('m/one', 'one');
SELECT * FROM migrator.prove('m/one', 'one', versions => '{1}');
