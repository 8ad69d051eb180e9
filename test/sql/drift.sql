-- drift(): what was changed by hand, and nothing else.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
SET client_min_messages = warning;
SET search_path = app;
CREATE ROLE regress_migrator_other;
CREATE ROLE regress_migrator_more;
CREATE VIEW files.drift AS SELECT service, change, kind, identity FROM migrator.drift();

-- nothing is kept before the first run
SET client_min_messages = notice;
SELECT * FROM migrator.drift();
SET client_min_messages = warning;
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a (id int PRIMARY KEY); CREATE VIEW v AS SELECT id FROM a;',
  '2_b.sql', 'CREATE TABLE b (id int REFERENCES a);');
CREATE TABLE app.before (i int);
-- what is there when the first run ends is as it should be
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
SELECT * FROM files.drift;
SELECT home FROM migrator.tracked_schemas ORDER BY 1;
SELECT * FROM migrator.tracked_services;
CALL migrator.up('m/d') \g /dev/null
SELECT * FROM files.drift;
VACUUM FULL app.a;
ANALYZE;
INSERT INTO app.a VALUES (1);
REINDEX TABLE app.a;
SELECT * FROM files.drift;
-- by hand
ALTER TABLE app.b ADD note text;
ALTER TABLE app.a ALTER id SET DEFAULT 7;
DROP VIEW app.v;
SELECT change, kind, identity, definition_before, definition_now, changed_by FROM migrator.drift() WHERE kind <> 'view';
-- what was changed before a run stays drift, whether apply or up; what the run does is none
CALL files.write('m/d/3_c.sql', 'CREATE TABLE c (id int); ALTER TABLE b ADD more int');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT change, kind, identity FROM files.drift;
CALL files.write('m/d/4_d.sql', 'DROP TABLE c');
CALL migrator.up('m/d') \g /dev/null
SELECT change, kind, identity FROM files.drift;
-- a run that drops what was added by hand, or makes anew what was dropped
CALL files.write('m/d/5_e.sql', 'ALTER TABLE b DROP note; CREATE VIEW v AS SELECT id FROM a');
CALL migrator.up('m/d') \g /dev/null
SELECT change, kind, identity FROM files.drift;
-- set back by hand
ALTER TABLE app.a ALTER id DROP DEFAULT;
SELECT change, kind, identity FROM files.drift;
CALL files.write('m/d/6_f.sql', 'SELECT 1');
CALL migrator.up('m/d') \g /dev/null
SELECT count(*) FROM migrator.schema_state WHERE drifted;
-- a run without work keeps nothing
ALTER TABLE app.b ADD again int;
CALL migrator.up('m/d') \g /dev/null
SELECT change, kind, identity FROM files.drift;
-- accepted
SELECT migrator.accept_drift(note => 'a hotfix');
SELECT event, note FROM migrator.history WHERE event = 'drift_accepted';
SELECT count(*) FROM files.drift;
SELECT migrator.accept_drift();
-- a dry run, and a run that is undone, keep nothing
CALL files.write('m/d/7_g.sql', 'CREATE TABLE g ()');
SELECT outcome FROM migrator.apply('m/d', dry_run => true);
BEGIN;
SELECT outcome FROM migrator.apply('m/d');
SELECT count(*) FROM files.drift;
ROLLBACK;
SELECT count(*) FROM files.drift;
-- one that fails
CALL files.write('m/d/7_g.sql', E'CREATE TABLE g ();\nCREATE INDEX CONCURRENTLY ON a (id);\nSELECT 1/0');
CALL migrator.up('m/d');
SELECT count(*) FROM files.drift;
CALL files.write('m/d/7_g.sql', E'CREATE TABLE g ();\nCREATE INDEX CONCURRENTLY ON a (id);\nSELECT 1');
CALL migrator.up('m/d') \g /dev/null
SELECT count(*) FROM files.drift;

-- track_schema
SET migrator.track_schema = off;
CALL files.write('m/d/8_h.sql', 'CREATE TABLE h ()');
CALL migrator.up('m/d') \g /dev/null
SELECT change, kind, identity FROM files.drift;
SELECT migrator.accept_drift();
RESET migrator.track_schema;

-- Services that share a schema do not report each other's runs.
CREATE SCHEMA other;
CALL files.make('m/one', '1_a.sql', 'CREATE TABLE app.one ()');
CALL files.make('m/two', '1_a.sql', 'CREATE TABLE app.two (); CREATE TABLE other.two ()');
SELECT migrator.register('one', 'm/one', search_path => 'app', options => '{"schemas": ["app"]}');
SELECT migrator.register('two', 'm/two', options => '{"schemas": ["app", "other"]}');
CALL migrator.up(service => '*') \g /dev/null
SELECT service, change, identity FROM migrator.drift('*');
CALL files.write('m/one/2_b.sql', 'CREATE TABLE app.one_more ()');
CALL migrator.up('m/one', 'one') \g /dev/null
SELECT service, change, identity FROM migrator.drift('*');
-- what belongs to the database as a whole is every service's, what is in a schema its services'
CREATE TABLE other.by_hand ();
SET client_min_messages = error;
SET log_min_messages = error;
CREATE PUBLICATION regress_by_hand;
SELECT service, change, identity FROM migrator.drift('*');
RESET log_min_messages;
CALL files.write('m/one/3_c.sql', 'SET log_min_messages = error; CREATE PUBLICATION regress_by_run');
CALL migrator.up('m/one', 'one') \g /dev/null
SELECT service, change, identity FROM migrator.drift('*');
SELECT migrator.accept_drift('one');
SELECT service, change, identity FROM migrator.drift('*');
SELECT migrator.accept_drift('two');
DROP PUBLICATION regress_by_hand, regress_by_run;
SELECT migrator.accept_drift('one');

-- is_current and assert_current
ALTER TABLE app.one ADD i int;
SELECT migrator.is_current(service => 'one');
SET migrator.check_schema = on;
SELECT migrator.is_current(service => 'one'), migrator.is_current(service => '*');
SELECT files.error('SELECT migrator.assert_current(service => ''*'')');
CREATE TABLE app.many (a int, b int, c int, d int, e int, f int, g int, h int, i int, j int);
SELECT migrator.assert_current(service => 'one');
DROP TABLE app.many;
ALTER TABLE app.one DROP i;
SELECT migrator.is_current(service => 'one');
SELECT migrator.assert_current(service => '*');
RESET migrator.check_schema;

-- 40 kinds of manual change: each is found and named.
\set ECHO none
\i :dir/include/every_kind.sql
\set ECHO all
SET search_path = app;
SELECT migrator.accept_drift('one') > 100 AS many;
CREATE FUNCTION files.drift_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  EXECUTE statement;
  SELECT string_agg(concat(change, ' ', kind, ' ', identity), ', ') INTO found FROM migrator.drift('one');
  RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = coalesce(found, 'NOTHING');
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
  RETURN SQLERRM;
END $$;
CREATE TABLE files.manual (id int GENERATED ALWAYS AS IDENTITY, statement text);
INSERT INTO files.manual (statement) SELECT unnest(ARRAY[
  'CREATE TABLE app.added (i int PRIMARY KEY)',
  'DROP TABLE app.measured_1',
  'ALTER TABLE app.child ADD more int',
  'ALTER TABLE app.child DROP mood',
  'ALTER TABLE app.measured ALTER value TYPE bigint',
  'ALTER TABLE app.child ALTER note SET DEFAULT ''y''',
  'ALTER TABLE app.child ALTER note SET NOT NULL',
  'ALTER TABLE app.parent ALTER id SET GENERATED BY DEFAULT',
  'ALTER TABLE app.child ALTER note SET STORAGE EXTERNAL',
  'ALTER TABLE app.child SET (fillfactor = 50)',
  'ALTER TABLE app.child SET (toast.autovacuum_enabled = off)',
  'ALTER TABLE app.child ADD CHECK (amount > 0)',
  'ALTER TABLE app.child DROP CONSTRAINT child_parent_fkey',
  'ALTER TABLE app.child VALIDATE CONSTRAINT child_later',
  'CREATE INDEX added ON app.child (amount)',
  'DROP INDEX app.child_note',
  'ALTER SEQUENCE app.counter INCREMENT 7',
  'ALTER SEQUENCE app.counter OWNED BY app.child.id',
  'CREATE OR REPLACE VIEW app.seen AS SELECT id, doubled + 1 AS doubled FROM app.parent',
  'DROP MATERIALIZED VIEW app.totals',
  'CREATE OR REPLACE FUNCTION app.twice(i int) RETURNS int LANGUAGE sql AS ''SELECT 2 * i''',
  'ALTER FUNCTION app.twice(int) SECURITY DEFINER',
  'DROP PROCEDURE app.nothing()',
  'DROP AGGREGATE app.total(int)',
  'ALTER TABLE app.child DISABLE TRIGGER touched',
  'DROP TRIGGER touched ON app.child',
  'DROP RULE quiet ON app.child',
  'ALTER POLICY own ON app.child USING (amount > 2)',
  'ALTER TABLE app.child ENABLE ROW LEVEL SECURITY',
  'ALTER TYPE app.mood ADD VALUE ''glad''',
  'ALTER TYPE app.mood RENAME VALUE ''sad'' TO ''blue''',
  'ALTER TABLE app.typed NOT OF; ALTER TYPE app.pair ADD ATTRIBUTE third text',
  'ALTER DOMAIN app.positive DROP CONSTRAINT positive_check',
  'ALTER OPERATOR app.=== (app.pair, app.pair) SET (RESTRICT = neqsel)',
  'DROP CAST (app.pair AS text)',
  'DROP COLLATION app.byte',
  'DROP STATISTICS app.related',
  'ALTER TEXT SEARCH CONFIGURATION app.words DROP MAPPING FOR asciiword',
  'ALTER PUBLICATION regress_published DROP TABLE app.child',
  'ALTER PUBLICATION regress_published SET (publish = insert)',
  'ALTER EVENT TRIGGER regress_events DISABLE',
  'ALTER SERVER regress_server VERSION ''2''',
  'GRANT SELECT ON app.child TO regress_migrator_other',
  'GRANT UPDATE (note) ON app.child TO regress_migrator_other',
  'REVOKE EXECUTE ON FUNCTION app.twice(int) FROM PUBLIC',
  'ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT INSERT ON TABLES TO regress_migrator_other',
  'ALTER TABLE app.child OWNER TO regress_migrator_other',
  'COMMENT ON TABLE app.child IS ''another''',
  'COMMENT ON TRIGGER touched ON app.child IS ''another''',
  'COMMENT ON CONSTRAINT child_later ON app.child IS ''another''',
  'ALTER TABLE app.parent DISABLE TRIGGER ALL',
  'ALTER SCHEMA app OWNER TO regress_migrator_other',
  'ALTER TABLE app.child RENAME amount TO total',
  'ALTER ROLE regress_migrator_more RENAME TO regress_migrator_most']);
SELECT statement, files.drift_of(statement) FROM files.manual ORDER BY id;

-- The same by a run each: none of it is drift then.
CREATE FUNCTION files.drift_of_run(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  CALL files.write('m/one/9_by_run.sql', statement);
  PERFORM FROM migrator.apply('m/one', 'one');
  SELECT string_agg(concat(change, ' ', kind, ' ', identity), ', ') INTO found FROM migrator.drift('one');
  RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = coalesce(found, 'nothing');
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
  RETURN SQLERRM;
END $$;
-- besides: names, which definitions of others show; what is dropped with others; what is no row of its own in a catalog
INSERT INTO files.manual (statement) SELECT unnest(ARRAY[
  'CREATE TYPE app.more AS ENUM (''a'')',
  'CREATE TABLE app.more (a int, b app.mood[], PRIMARY KEY (a)); CREATE VIEW app.w AS SELECT * FROM app.more',
  'ALTER TABLE app.parent ADD note text; CREATE VIEW app.w AS SELECT id, code FROM app.parent JOIN app.child USING (id)',
  'COMMENT ON COLUMN app.child.note IS NULL',
  'COMMENT ON SCHEMA app IS NULL',
  'COMMENT ON INDEX app.child_code IS ''x''',
  'COMMENT ON CONSTRAINT positive_check ON DOMAIN app.positive IS ''x''',
  'COMMENT ON POLICY own ON app.child IS ''x''',
  'ALTER TABLE app.child ADD UNIQUE USING INDEX child_code',
  'ALTER TABLE app.child RENAME CONSTRAINT child_id_excl TO other_excl',
  'ALTER SCHEMA app RENAME TO other_app; CREATE SCHEMA app',
  'ALTER TABLE app.child SET SCHEMA files',
  'ALTER TYPE app.mood RENAME TO humour',
  'ALTER SEQUENCE app.child_id_seq OWNED BY NONE',
  'DROP TABLE app.parent CASCADE',
  'DROP DOMAIN app.positive CASCADE',
  'DROP SCHEMA app CASCADE',
  'ALTER EXTENSION plpgsql ADD TABLE app.typed',
  'ALTER EXTENSION plpgsql ADD FUNCTION app.twice(int)',
  'ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM regress_migrator_more',
  'CREATE TABLE app.measured_2 PARTITION OF app.measured FOR VALUES FROM (''2026-03-01'') TO (''2026-04-01'')',
  'CREATE TRIGGER for_each AFTER INSERT ON app.measured FOR EACH ROW EXECUTE FUNCTION app.touch()',
  'CREATE CONSTRAINT TRIGGER later AFTER INSERT ON app.parent DEFERRABLE FOR EACH ROW EXECUTE FUNCTION app.touch()',
  'ALTER TABLE app.child DROP COLUMN note CASCADE',
  'TRUNCATE app.parent CASCADE; REINDEX TABLE app.child; REFRESH MATERIALIZED VIEW app.totals; CLUSTER app.parent USING parent_pkey',
  'ALTER VIEW app.seen RENAME COLUMN id TO other',
  'ALTER PUBLICATION regress_published RENAME TO regress_other',
  'DROP SERVER regress_server CASCADE',
  'DROP OPERATOR FAMILY app.whole USING btree CASCADE',
  'DROP TYPE app.span CASCADE',
  'DROP TYPE app.shell']);
SELECT files.drift_of_run(statement) AS drift, count(*) FROM files.manual GROUP BY 1;

-- who may
CREATE ROLE regress_migrator_user;
SET ROLE regress_migrator_user;
SELECT * FROM migrator.drift('one');
SELECT migrator.accept_drift('one');
RESET ROLE;
GRANT EXECUTE ON FUNCTION migrator.drift, migrator.accept_drift TO regress_migrator_user;
SELECT migrator.register('one', 'm/one', options => '{"roles": ["regress_migrator_other"]}');
SET ROLE regress_migrator_user;
SELECT count(*) FROM migrator.drift('one');
SELECT migrator.accept_drift('one');
RESET ROLE;
BEGIN READ ONLY;
SELECT count(*) FROM migrator.drift('one');
SELECT migrator.accept_drift('one');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM migrator.drift('one');
SELECT migrator.accept_drift('one');
ROLLBACK;
-- no such service
SELECT * FROM migrator.drift('No');
\set ECHO none
\i :dir/include/every_kind_drop.sql
\set ECHO all
DROP SCHEMA other CASCADE;
