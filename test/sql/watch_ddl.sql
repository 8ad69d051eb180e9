-- watch_ddl(): who changed the schema outside of runs; or nobody does.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE ROLE regress_migrator_dba;
GRANT ALL ON SCHEMA app TO regress_migrator_dba;
GRANT EXECUTE ON FUNCTION migrator.watch_ddl, migrator.unwatch_ddl TO regress_migrator_dba;
SET search_path = app;
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a (id int PRIMARY KEY); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''SELECT 1'';');
SELECT outcome FROM migrator.apply('m/d');
SELECT migrator.watch_ddl('loud');
SELECT migrator.watch_ddl(NULL);
SELECT migrator.watch_ddl();
SELECT evtname, evtevent, evtfoid::regproc, evtenabled FROM pg_event_trigger ORDER BY 1;
-- they are no object of the schema
SELECT count(*) FROM migrator.schema_objects() WHERE kind = 'event trigger';
CREATE VIEW files.log AS SELECT command, kind, schema, identity, dropped, changed_by, run_as, application_name <> '' AS application, statement
  FROM migrator.ddl_log WHERE identity IS NULL OR identity !~ '_not_null on ' -- constraints from 18 on
 ORDER BY id;

SET ROLE regress_migrator_dba;
CREATE TABLE app.b (id int PRIMARY KEY, note text);
RESET ROLE;
CREATE TEMP TABLE passing (id serial PRIMARY KEY);
DROP TABLE passing;
ALTER TABLE app.a ADD by_hand int;
DO $$ BEGIN CREATE INDEX by_do ON app.a (by_hand); END $$;
CREATE INDEX CONCURRENTLY by_itself ON app.a (by_hand);
GRANT SELECT ON app.a TO regress_migrator_dba;
COMMENT ON FUNCTION app.f() IS 'by hand';
ALTER TABLE app.b DROP note;
DROP TABLE app.b;
CREATE FOREIGN DATA WRAPPER regress_wrapper;
CREATE SERVER regress_server FOREIGN DATA WRAPPER regress_wrapper OPTIONS (password 'hidden');
DROP FOREIGN DATA WRAPPER regress_wrapper CASCADE;
CREATE MATERIALIZED VIEW app.m AS SELECT 1;
REFRESH MATERIALIZED VIEW app.m;
TRUNCATE app.a;
VACUUM app.a;
SELECT * FROM files.log;
-- what a run does, and what is none of a schema's change, is not noted
SELECT count(*) FROM migrator.ddl_log \gset before_
CALL files.write('m/d/2_b.sql', 'CREATE TABLE by_run (); DROP TABLE by_run; CREATE TABLE kept ()');
CALL files.write('m/d/3_c.sql', 'CREATE INDEX CONCURRENTLY by_run ON a (id); ALTER TABLE a ADD by_run int');
CALL migrator.up('m/d') \g /dev/null
SELECT migrator.register('one', 'm/d');
SELECT migrator.unregister('one');
SELECT count(*) - :before_count AS more FROM migrator.ddl_log;
-- a run that fails leaves no flag behind
CALL files.write('m/d/4_d.sql', 'SELECT 1/0');
SELECT migrator.apply('m/d');
CREATE TABLE app.after_failure ();
SELECT count(*) - :before_count AS more FROM migrator.ddl_log;
CALL files.write('m/d/4_d.sql', 'SELECT 1');
-- drift names who it was
SELECT change, kind, identity, changed_at > now() - interval '1 hour' AS recently, changed_by, application_name <> '' AS application, statement
  FROM migrator.drift() ORDER BY 2, 3;
-- what was undone is not noted
BEGIN;
CREATE TABLE app.undone ();
ROLLBACK;
SELECT count(*) FROM migrator.ddl_log WHERE identity = 'app.undone';

-- A failing trigger blocks nothing.
ALTER TABLE migrator.ddl_log ADD CONSTRAINT fails CHECK (kind <> 'view') NOT VALID;
SET log_min_messages = error;
CREATE VIEW app.not_noted AS SELECT 1;
RESET log_min_messages;
ALTER TABLE migrator.ddl_log DROP CONSTRAINT fails;
SELECT to_regclass('app.not_noted');

-- refuse
SELECT migrator.watch_ddl('refuse');
SELECT evtname, evtevent, evtfoid::regproc, evttags FROM pg_event_trigger ORDER BY 1;
CREATE TABLE app.refused (id int);
ALTER TABLE app.a ADD refused int;
DROP TABLE app.kept;
-- which of the objects comes first is not said
\set VERBOSITY terse
DROP OWNED BY regress_migrator_dba;
\set VERBOSITY default
GRANT SELECT ON app.a TO regress_migrator_dba;
COMMENT ON TABLE app.a IS 'x';
CREATE INDEX CONCURRENTLY refused ON app.a (id);
DROP INDEX CONCURRENTLY app.by_itself;
SELECT to_regclass('app.refused'), to_regclass('app.kept'), to_regclass('app.by_itself');
CREATE TEMP TABLE passing (id serial PRIMARY KEY);
CREATE INDEX ON passing (id);
CREATE FUNCTION pg_temp.passing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER passing AFTER INSERT ON passing FOR EACH ROW EXECUTE FUNCTION pg_temp.passing();
CREATE POLICY passing ON passing USING (true);
CREATE RULE passing AS ON DELETE TO passing DO ALSO NOTHING;
ALTER TABLE passing ADD CONSTRAINT passing CHECK (id > 0), ADD COLUMN gone int;
ALTER TABLE passing DROP CONSTRAINT passing, DROP COLUMN gone;
DROP TRIGGER passing ON passing;
DROP POLICY passing ON passing;
DROP RULE passing ON passing;
CREATE TEMP VIEW passing_too AS SELECT FROM passing;
DROP VIEW passing_too;
DROP TABLE passing;
-- a name is not taken for that
CREATE POLICY "x on pg_temp.passing" ON app.a USING (true);
REFRESH MATERIALIZED VIEW app.m;
CALL files.write('m/d/5_e.sql', 'CREATE TABLE by_run_again (); DROP INDEX CONCURRENTLY by_itself');
CALL migrator.up('m/d') \g /dev/null
SELECT to_regclass('app.by_run_again'), to_regclass('app.by_itself');
-- the flag is not a setting
SET migrator.in_run = on;

-- who may
SET ROLE regress_migrator_dba;
SELECT migrator.watch_ddl();
SELECT migrator.unwatch_ddl();
RESET ROLE;
SELECT migrator.log_ddl();
SELECT migrator.unwatch_ddl();
SELECT migrator.unwatch_ddl();
SELECT count(*) FROM pg_event_trigger;
CREATE TABLE app.passes ();
DROP OWNED BY regress_migrator_dba;
