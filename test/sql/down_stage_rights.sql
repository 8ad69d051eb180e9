-- Whose down scripts of record who may run: they are words of whoever put them there, run with the rights of whoever goes back.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE ROLE regress_migrator_lead;
CREATE ROLE regress_migrator_dev IN ROLE regress_migrator_lead;
GRANT ALL ON SCHEMA app TO regress_migrator_dev, regress_migrator_lead;
GRANT EXECUTE ON FUNCTION migrator.apply, migrator.rollback, migrator.accept, migrator.stage(text, text, text), migrator.unstage
  TO regress_migrator_dev, regress_migrator_lead;
CREATE FUNCTION files.sent_down(text) RETURNS bigint LANGUAGE sql BEGIN ATOMIC
  SELECT migrator.stage('sent', '1_a.up.sql', 'CREATE TABLE a();') + migrator.stage('sent', '1_a.down.sql', $1);
END;
GRANT USAGE ON SCHEMA files TO regress_migrator_dev;
GRANT EXECUTE ON FUNCTION files.sent_down TO regress_migrator_dev;
SET SESSION AUTHORIZATION regress_migrator_dev;
SELECT files.sent_down('ALTER ROLE regress_migrator_dev SUPERUSER; DROP TABLE a;');
SELECT version, outcome FROM migrator.apply('stage:sent');
RESET SESSION AUTHORIZATION;
SELECT down_oids = ARRAY['regress_migrator_dev'::regrole, 'regress_migrator_dev'::regrole, :'USER'::regrole]::oid[] AS oids,
  down_as, down_by, down_login = :'USER' AS login FROM migrator.migrations;

-- Not with the rights of another one, neither without a source nor with his own.
SELECT version, outcome FROM migrator.rollback();
CALL migrator.down();
CALL migrator.redo('stage:sent');
CALL files.make('m/d', '1_a.up.sql', 'CREATE TABLE a();', '1_a.down.sql', 'DROP TABLE a;');
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"force": true}');
SELECT rolsuper, to_regclass('a') FROM pg_roles WHERE rolname = 'regress_migrator_dev';
-- it may be looked at
SELECT statement, command, down_source FROM migrator.rollback_preview();
-- his own file is the caller's word, and so is one of the same text
BEGIN;
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"force": true, "down_source": "file"}');
ROLLBACK;
BEGIN;
CALL files.write('m/d/1_a.down.sql', 'ALTER ROLE regress_migrator_dev SUPERUSER; DROP TABLE a;');
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"force": true}');
ROLLBACK;
-- with a role that its author could have taken himself
SET SESSION AUTHORIZATION regress_migrator_lead;
-- (it is run, with his rights)
\set VERBOSITY sqlstate
SELECT version, outcome FROM migrator.rollback();
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
-- with an author who is trusted by name
BEGIN;
SET LOCAL migrator.trusted_stagers = 'regress_migrator_dev';
SELECT version, outcome FROM migrator.rollback();
ROLLBACK;
-- of another cluster, the names count; what is not known there is nobody's word
CREATE FUNCTION files.set_down(sets text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'UPDATE migrator.migrations SET ' || sets;
END $$;
SELECT files.set_down($$down_system = 1, down_oids = '{10,10,10}'$$);
SELECT version, outcome FROM migrator.rollback();
SELECT files.set_down($$down_by = 'regress_migrator_nobody'$$);
SELECT version, outcome FROM migrator.rollback();
-- who accepts has put it there
CALL files.write('m/d/1_a.down.sql', 'DROP TABLE a;');
SELECT migrator.accept('1', note => 'seen', source => 'm/d');
SELECT down_as = :'USER' AS by_superuser FROM migrator.migrations;
SELECT version, outcome FROM migrator.rollback();

-- In a function of his own, run by another one, it is his word alone.
GRANT pg_read_server_files TO regress_migrator_dev;
CREATE FUNCTION app.trap() RETURNS text LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC
  SELECT outcome FROM migrator.apply('m/d');
END;
ALTER FUNCTION app.trap OWNER TO regress_migrator_dev;
SELECT app.trap();
SELECT down_as, down_by, down_login FROM migrator.migrations;
SET ROLE regress_migrator_dev;
SELECT version, outcome FROM migrator.rollback();
RESET ROLE;
