-- Functions as hooks: what they are told, whose they may be, and what becomes of those that are gone.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE TABLE app.seen (n int GENERATED ALWAYS AS IDENTITY, what text, run text);
CREATE FUNCTION app.note() RETURNS void LANGUAGE sql AS $$
  INSERT INTO app.seen (what, run) SELECT current_user, concat_ws(' ', kind, service, coalesce(version, '-'), file, current_setting('work_mem'))
    FROM migrator.current_run() $$;
CREATE FUNCTION app."Other one"() RETURNS int LANGUAGE plpgsql SET work_mem = '2MB' AS $$BEGIN PERFORM app.note(); RETURN 1; END$$;
CREATE VIEW files.record AS
  SELECT event, version, name, note, statement, line, error_sqlstate, error_message FROM migrator.history ORDER BY id;
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', '-- migrator: no-transaction
SELECT 1;', 'pre_migrate_1.sql', 'SELECT app.note();', 'post_migrate_1.sql', 'SELECT app.note();');
SELECT migrator.add_hook(event, 'app.note()') FROM unnest('{pre_run,post_run,pre_migrate,post_migrate}'::text[]) event;
SELECT migrator.add_hook('post_run', 'app."Other one"()', 'default');
SELECT migrator.add_hook('post_run', 'app."Other one"()', 'other');
SELECT id, event, service, function_schema, function_name, added_by FROM migrator.hooks ORDER BY id;
CALL migrator.up('m/d') \g /dev/null
SELECT what, run FROM app.seen ORDER BY n;
TABLE files.record;
TRUNCATE app.seen, migrator.migrations;
SELECT version, outcome FROM migrator.apply('m/d', versions => '{1}');
SELECT what, run FROM app.seen ORDER BY n;
TRUNCATE app.seen, migrator.migrations;
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
SELECT count(*) FROM app.seen;
SELECT migrator.drop_hook(5), migrator.drop_hook(5), migrator.drop_hook(6);

-- one that fails
CREATE OR REPLACE FUNCTION app.note() RETURNS void LANGUAGE plpgsql AS $$
  BEGIN RAISE 'version % is not welcome', (SELECT version FROM migrator.current_run()); END $$;
SELECT migrator.drop_hook(1), migrator.drop_hook(2);
CALL files.make('m/e', '1_a.sql', 'SELECT 1;');
CALL migrator.up('m/e');
SELECT * FROM migrator.apply('m/e');
SELECT migrator.drop_hook(3), migrator.drop_hook(4), migrator.add_hook('pre_run', 'app.note()');
CALL migrator.up('m/e');
SELECT * FROM migrator.apply('m/e');
SELECT event, version, name, note, error_message FROM migrator.history WHERE error_message IS NOT NULL ORDER BY id;
-- one that ends the transaction, or leaves a constraint broken
CREATE TABLE app.once (a int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
CREATE OR REPLACE FUNCTION app.note() RETURNS void LANGUAGE plpgsql AS $$BEGIN INSERT INTO app.once VALUES (1), (1); END$$;
CALL migrator.up('m/e');
SELECT * FROM migrator.apply('m/e');
-- one that is gone, or another thing by now
DROP FUNCTION app.note();
CALL migrator.up('m/e');
SELECT check_name, severity, message, hint FROM migrator.validate('m/e') WHERE severity = 'error';
CREATE FUNCTION app.note() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
SELECT * FROM migrator.apply('m/e');
DROP FUNCTION app.note();
ALTER SCHEMA app RENAME TO app2;
CALL migrator.up('m/e');
ALTER SCHEMA app2 RENAME TO app;
TRUNCATE migrator.hooks;

-- what is none
CREATE FUNCTION app.set() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION app.arguments(a int = 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION pg_temp.temporary() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE app.procedure() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.fine() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT f, regexp_replace(files.error(format('SELECT migrator.add_hook(''pre_run'', %L)', f)), 'pg_temp_\d+', 'pg_temp_N') AS error
  FROM unnest('{app.set(),app.trigger(),app.arguments(int),
  pg_temp.temporary(),app.procedure(),app.nosuch(),count(*),rank(),app.fine(),app.fine()}'::text[]) f;
SELECT files.error($$SELECT migrator.add_hook('pre_run', 1::oid)$$), files.error($$SELECT migrator.add_hook(NULL, 'app.fine()')$$),
  files.error($$SELECT migrator.add_hook('pre_run', NULL)$$), files.error($$SELECT migrator.drop_hook(NULL)$$);
SELECT migrator.add_hook('before', 'app.fine()');
SELECT files.error($$SELECT migrator.add_hook(E'pre\nrun', 'app.fine()')$$);
SELECT migrator.add_hook('pre_run', 'app.fine()', 'No Service');
TRUNCATE migrator.hooks RESTART IDENTITY;

-- whose: who may add, and who is listened to
CREATE ROLE regress_migrator_runner LOGIN;
CREATE ROLE regress_migrator_stranger LOGIN;
GRANT CREATE, USAGE ON SCHEMA app TO regress_migrator_runner, regress_migrator_stranger;
GRANT USAGE ON SCHEMA files TO regress_migrator_runner, regress_migrator_stranger;
GRANT EXECUTE ON FUNCTION migrator.add_hook, migrator.drop_hook TO regress_migrator_runner, regress_migrator_stranger;
GRANT EXECUTE ON FUNCTION migrator.apply TO regress_migrator_runner;
GRANT EXECUTE ON PROCEDURE migrator.up TO regress_migrator_runner;
GRANT pg_read_server_files, pg_read_all_settings TO regress_migrator_runner;
GRANT pg_read_all_settings TO regress_migrator_stranger;
SELECT migrator.register('ours', 'm/e', options => '{"roles": ["regress_migrator_runner"]}');
SET SESSION AUTHORIZATION regress_migrator_stranger;
CREATE FUNCTION app.evil() RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE format('ALTER ROLE %I SUPERUSER', 'regress_migrator_stranger'); END$$;
SELECT files.error($$SELECT migrator.add_hook('pre_run', 'app.evil()')$$), files.error($$SELECT migrator.add_hook('pre_run', 'app.evil()', 'ours')$$);
SELECT files.error($$INSERT INTO migrator.hooks (event, function_schema, function_name) VALUES ('pre_run', 'app', 'evil')$$);
-- a service that belongs to nobody: everybody who may call add_hook may add; who runs it does not listen
SELECT migrator.add_hook('pre_run', 'app.evil()', 'free');
SET SESSION AUTHORIZATION regress_migrator;
SELECT * FROM migrator.apply('m/e', 'free');
SET SESSION AUTHORIZATION regress_migrator_runner;
SELECT * FROM migrator.apply('m/e', 'free');
CALL migrator.up('m/e', 'free');
-- a function of the stranger's, added by the runner, is not listened to either; nor one that he owns by now
SELECT migrator.add_hook('pre_run', 'app.evil()', 'ours');
SELECT files.error($$SELECT * FROM migrator.apply('m/e', 'ours')$$);
SELECT migrator.drop_hook(2);
CREATE FUNCTION app.good() RETURNS void LANGUAGE sql AS 'SELECT 1';
SELECT migrator.add_hook('pre_run', 'app.good()', 'ours');
SELECT version, outcome FROM migrator.apply('m/e', 'ours', dry_run => true);
SET SESSION AUTHORIZATION regress_migrator;
-- but to the runner himself it is, where it is he who logged in
ALTER ROLE regress_migrator_runner SET client_min_messages = warning;
SELECT session_user AS me \gset
\c - regress_migrator_runner
SELECT version, outcome FROM migrator.apply('m/e', 'ours', dry_run => true);
\c - :me
SET search_path = app;
SET client_min_messages = warning;
-- the superuser is not the runner's puppet
SELECT files.error($$SELECT * FROM migrator.apply('m/e', 'ours')$$);
ALTER FUNCTION app.good() OWNER TO regress_migrator;
SELECT files.error($$SELECT * FROM migrator.apply('m/e', 'ours')$$);
SET migrator.trusted_stagers = 'regress_migrator_runner';
SELECT version, outcome FROM migrator.apply('m/e', 'ours', dry_run => true);
RESET migrator.trusted_stagers;
ALTER FUNCTION app.good() OWNER TO regress_migrator_stranger;
SET SESSION AUTHORIZATION regress_migrator_runner;
SELECT files.error($$SELECT * FROM migrator.apply('m/e', 'ours')$$);
SET SESSION AUTHORIZATION regress_migrator;
-- one of the superuser's is listened to, but needs EXECUTE
TRUNCATE migrator.hooks;
ALTER FUNCTION app.good() OWNER TO regress_migrator;
REVOKE EXECUTE ON FUNCTION app.good() FROM PUBLIC;
SELECT migrator.add_hook('post_migrate', 'app.good()');
SET SESSION AUTHORIZATION regress_migrator_runner;
SELECT files.error($$SELECT * FROM migrator.apply('m/e', 'ours')$$), files.error($$SELECT migrator.drop_hook(4)$$);
SET SESSION AUTHORIZATION regress_migrator;
GRANT EXECUTE ON FUNCTION app.good() TO regress_migrator_runner;
SET SESSION AUTHORIZATION regress_migrator_runner;
SELECT version, outcome FROM migrator.apply('m/e', 'ours', dry_run => true);
SET SESSION AUTHORIZATION regress_migrator;
-- in a function of another owner nobody adds one
CREATE FUNCTION app.sign() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$SELECT migrator.add_hook('pre_run', 'app.evil()', 'free')$$;
ALTER FUNCTION app.sign() OWNER TO regress_migrator_stranger;
SELECT files.error('SELECT app.sign()');
-- as a dump of another cluster has it: names count, and roles that are not there are strangers
UPDATE migrator.hooks SET system_identifier = 1;
SELECT version, outcome FROM migrator.apply('m/e', 'ours', dry_run => true);
UPDATE migrator.hooks SET added_by = 'nobody';
SELECT files.error($$SELECT * FROM migrator.apply('m/e', 'ours')$$);
DROP OWNED BY regress_migrator_runner, regress_migrator_stranger CASCADE;
DROP ROLE regress_migrator_runner, regress_migrator_stranger;
