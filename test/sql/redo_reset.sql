-- redo() and reset(): the development day.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE FUNCTION files.shown(result jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', result->>'outcome', 'down', result->'down'->>'outcome', result->'down'->>'rolled_back', 'dropped', result->>'dropped',
    'up', result->'up'->>'outcome', result->'up'->>'applied',
    'seeds', result->>'seeds') $$;
\set shown 'SELECT files.shown(:\'result\');'
CREATE VIEW files.record AS SELECT version, state, run_id FROM migrator.migrations ORDER BY version;
SELECT current_database() AS db \gset
CALL files.make('m/d',
  '1_a.up.sql', 'CREATE TABLE a(i int);', '1_a.down.sql', 'DROP TABLE a;',
  '2_b.up.sql', 'CREATE TABLE b(i int);', '2_b.down.sql', 'DROP TABLE b;',
  '3_c.up.sql', 'CREATE TABLE c(i int);', '3_c.down.sql', 'DROP TABLE c;',
  'bootstrap.sql', 'INSERT INTO a VALUES (1);', 'seed.sql', 'INSERT INTO a VALUES (2);');
-- nothing is there
CALL migrator.redo('m/d') \gset
:shown
CALL migrator.up('m/d') \g /dev/null

-- The last one, which was edited meanwhile; and some.
CALL files.write('m/d/3_c.up.sql', 'CREATE TABLE c(i int, j text);');
CALL migrator.redo('m/d') \gset
:shown
SELECT attname FROM pg_attribute WHERE attrelid = 'c'::regclass AND attnum > 0 ORDER BY attnum;
SELECT version, state, flags FROM migrator.status('m/d');
CALL migrator.redo('m/d', steps => 2) \gset
:shown
CALL migrator.redo('m/d', versions => '{2}') \gset
:shown
TABLE files.record;
SELECT kind, outcome, applied FROM migrator.runs ORDER BY run_id;
-- what has no file to go up again stays
CALL files.remove('m/d/3_c.up.sql');
CALL migrator.redo('m/d', steps => 2);
TABLE files.record;
-- what fails on its way up is down
CALL files.write('m/d/3_c.up.sql', 'CREATE TABLE c(i nosuch);');
CALL migrator.redo('m/d');
TABLE files.record;
CALL files.write('m/d/3_c.up.sql', 'CREATE TABLE c(i int);');
CALL migrator.up('m/d') \g /dev/null
CALL migrator.redo('m/d', steps => 1, versions => '{1}');
CALL migrator.redo('m/d', steps => 0);
CALL migrator.redo(service => '*');
BEGIN;
CALL migrator.redo('m/d');
ROLLBACK;

-- Everything down, the record forgotten, and up again with bootstrap and seed.
CALL migrator.reset('m/d');
CALL migrator.reset('m/d', confirm => 'other');
CALL migrator.reset('m/d', confirm => :'db', how => 'all');
CALL migrator.reset('m/d', confirm => :'db', schemas => '{app}');
BEGIN;
CALL migrator.reset('m/d', confirm => :'db');
ROLLBACK;
CALL migrator.reset('m/d', confirm => :'db') \gset
:shown
TABLE files.record;
SELECT i FROM a ORDER BY i;
SELECT event, count(*), max(note) FROM migrator.history GROUP BY 1 ORDER BY 1;
CALL migrator.reset('m/d', confirm => :'db', seed => false) \gset
:shown
SELECT i FROM a ORDER BY i;
CALL migrator.reset('m/d', confirm => :'db', up => false) \gset
:shown
TABLE files.record;
SELECT to_regclass('a');
-- a failure of a down script ends it, and all is as down() leaves it
CALL files.write('m/d/2_b.down.sql', 'DROP TABLE nosuch;');
CALL migrator.up('m/d') \g /dev/null
CALL migrator.reset('m/d', confirm => :'db');
TABLE files.record;

-- Without down scripts: what is in the schemas is dropped, whoever made it; they stay, and what is of extensions.
CALL files.forget();
CREATE SCHEMA "other one";
CALL files.make('m/d',
  '1_a.sql', 'CREATE TABLE a(i serial PRIMARY KEY, j int GENERATED ALWAYS AS IDENTITY); CREATE VIEW v AS SELECT * FROM a; '
    'CREATE MATERIALIZED VIEW m AS SELECT * FROM v; CREATE FUNCTION f(a, text DEFAULT ''x'') RETURNS int LANGUAGE sql AS ''SELECT 1''; '
    'CREATE PROCEDURE p(int) LANGUAGE sql AS ''SELECT 1''; CREATE TYPE t AS (i int); CREATE TYPE e AS ENUM (''x''); CREATE DOMAIN d AS int;',
  '2_b.sql', 'CREATE AGGREGATE agg(int) (sfunc = int4pl, stype = int); CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq); '
    'CREATE SEQUENCE s; CREATE STATISTICS st ON i, j FROM a; CREATE COLLATION c FROM "C"; CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple); '
    'CREATE TABLE "other one"."Tab le" (i e, k d); CREATE TABLE part (i int) PARTITION BY LIST (i); CREATE TABLE part1 PARTITION OF part DEFAULT; '
    'CREATE OPERATOR FAMILY fam USING btree; CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END'';'
    'CREATE TRIGGER tr AFTER INSERT ON a EXECUTE FUNCTION trg();');
CALL migrator.up('m/d') \g /dev/null
CALL migrator.reset('m/d', confirm => :'db');
CALL migrator.reset('m/d', confirm => :'db', how => 'drop');
CALL migrator.reset('m/d', confirm => :'db', how => 'drop', schemas => '{nosuch}');
CALL migrator.reset('m/d', confirm => :'db', how => 'drop', schemas => '{app,pg_catalog}');
CALL migrator.reset('m/d', confirm => :'db', how => 'drop', schemas => '{migrator}');
SELECT migrator.register('default', 'm/d', options => '{"schemas": ["app", "other one"], "view_schema": "app"}');
SET client_min_messages = error;
CALL migrator.reset(confirm => :'db', how => 'drop', up => false) \gset
SET client_min_messages = warning;
SELECT (:'result'::jsonb->>'dropped')::int > 15;
SELECT refobjid::regnamespace, pg_describe_object(classid, objid, 0) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass
  AND refobjid IN ('app'::regnamespace, '"other one"'::regnamespace);
CALL migrator.up() \g /dev/null
SET client_min_messages = error;
CALL migrator.reset(confirm => :'db', how => 'drop') \gset
SET client_min_messages = warning;
SELECT :'result'::jsonb->'up'->'applied';
SELECT event, note FROM migrator.history WHERE event = 'reset';
SELECT kind, outcome FROM migrator.runs WHERE kind = 'reset';

-- What is another service's, too, is not dropped unasked.
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a(); CREATE AGGREGATE agg0(*) (sfunc = int8inc, stype = bigint, initcond = ''0'');');
CALL files.make('m/e', '1_e.sql', 'CREATE TABLE app.shared();');
SELECT migrator.register('second', 'm/e');
CALL migrator.up(service => 'second') \g /dev/null
SELECT migrator.register('default', 'm/d', options => '{"schemas": ["other one", "app"]}');
CALL migrator.reset(confirm => :'db', how => 'drop');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.reset(confirm => :'db', how => 'drop', schemas => '{other one}', up => false) \gset
:shown
SET client_min_messages = error;
CALL migrator.reset(confirm => :'db', how => 'drop', options => '{"force": true}') \gset
SET client_min_messages = warning;
:shown
SELECT to_regclass('shared');
-- what is on no record any more stands in nobody's way
CALL migrator.reset(confirm => :'db', how => 'drop');
CALL migrator.reset(service => 'second', confirm => :'db', how => 'drop', schemas => '{app}', up => false, options => '{"force": true}') \gset
CALL migrator.reset(confirm => :'db', how => 'drop') \gset
:shown
SELECT migrator.unregister('second');
-- a stranger's registration does not say what a superuser drops
CREATE ROLE regress_migrator_dev;
GRANT EXECUTE ON FUNCTION migrator.register TO regress_migrator_dev;
GRANT pg_read_server_files TO regress_migrator_dev;
SET SESSION AUTHORIZATION regress_migrator_dev;
SELECT migrator.register('trap', 'm/e', options => '{"schemas": ["app"]}');
RESET SESSION AUTHORIZATION;
CALL migrator.reset('m/e', 'trap', confirm => :'db', how => 'drop');
SELECT migrator.unregister('trap');
DROP OWNED BY regress_migrator_dev;
DROP ROLE regress_migrator_dev;

-- Where it must not be.
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": false}');
CALL migrator.reset(confirm => :'db', how => 'drop');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": null, "require_approval": true}');
CALL migrator.reset(confirm => :'db', how => 'drop');
SELECT migrator.register('default', 'm/d', options => '{"require_approval": null}');
SELECT migrator.set_environment('production');
CALL migrator.reset(confirm => :'db', how => 'drop');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.set_environment('prod');
CALL migrator.reset(confirm => :'db', how => 'drop');
SELECT migrator.set_environment(NULL);
-- others' objects are not the caller's to drop: nothing happens
CREATE ROLE regress_migrator_dev;
SELECT migrator.register('default', 'm/d', options => '{"roles": ["regress_migrator_dev"]}');
GRANT USAGE ON SCHEMA app TO regress_migrator_dev;
GRANT pg_read_server_files TO regress_migrator_dev;
GRANT EXECUTE ON PROCEDURE migrator.reset TO regress_migrator_dev;
SET ROLE regress_migrator_dev;
CALL migrator.reset(confirm => :'db', how => 'drop');
RESET ROLE;
SELECT count(*) FROM migrator.migrations WHERE state = 'applied';
DROP OWNED BY regress_migrator_dev;
DROP ROLE regress_migrator_dev;
SET client_min_messages = error;
DROP SCHEMA "other one" CASCADE;

-- What was dropped by hand is not "up to date".
SET client_min_messages = warning;
SELECT migrator.unregister('default');
CALL files.forget();
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a();');
SELECT migrator.register('default', 'm/d', options => '{"schemas": ["app"], "view_schema": "app"}');
CALL migrator.up() \g /dev/null
SET client_min_messages = notice;
CALL migrator.up() \g /dev/null
DROP TABLE a;
CALL migrator.up() \gset
SELECT :'result'::jsonb->'outcome';
SELECT * FROM migrator.apply();
SET client_min_messages = warning;
CALL migrator.reset(confirm => :'db', how => 'drop') \gset
SELECT to_regclass('a');
-- where no schemas are known, only when there is nothing at all
SELECT migrator.register('default', 'm/d', options => '{"schemas": null, "view_schema": null}');
DROP TABLE a;
SET client_min_messages = notice;
CALL migrator.up() \gset
