-- bootstrap.sql: once, behind the first run that leaves nothing pending.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.record AS SELECT event, version, name, note, error_message FROM migrator.history ORDER BY id;
CREATE VIEW files.state AS
  SELECT service, environment, bootstrapped_at IS NOT NULL AS done, left(bootstrap_checksum, 8) AS checksum, bootstrap_run_id FROM migrator.service_state;
CREATE PROCEDURE files.again() LANGUAGE plpgsql AS $$
BEGIN
  CALL files.forget();
  TRUNCATE migrator.service_state;
  CREATE TABLE app.users (name text);
END $$;
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'CREATE TABLE admins (name text);', 'bootstrap.sql', $$INSERT INTO app.users VALUES ('admin');$$,
  'post_migrate.sql', $$INSERT INTO app.users SELECT 'post ' || count(*) FROM app.users;$$);
CALL files.again();
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE severity NOT IN ('ok', 'info');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
TABLE app.users;
TABLE files.state;
-- not while migrations are pending
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
TABLE app.users;
SELECT version, outcome FROM migrator.apply('m/d');
TABLE app.users;
TABLE files.state;
TABLE files.record;
-- once
CALL files.write('m/d/3_c.sql', 'SELECT 3;');
SELECT version, outcome FROM migrator.apply('m/d');
TABLE app.users;
CALL migrator.up('m/d') \g /dev/null
SELECT count(*) FROM migrator.runs;
CALL files.write('m/d/bootstrap.sql', 'SELEC;');
SELECT count(*) FROM migrator.apply('m/d');
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE severity NOT IN ('ok', 'info');

-- up, and where nothing is pending
CALL files.again();
CALL files.write('m/d/bootstrap.sql', $$INSERT INTO app.users VALUES ('admin');$$);
CALL migrator.up('m/d') \g /dev/null
TABLE app.users;
TABLE files.record;
TRUNCATE migrator.service_state;
SELECT count(*) FROM migrator.apply('m/d', dry_run => true);
CALL migrator.up('m/d', result => '{}') \gset
SELECT (:'result'::jsonb) - 'duration_ms' AS result;
TABLE app.users;
TABLE files.state;
SELECT run_id, kind, outcome, total, applied FROM migrator.runs ORDER BY run_id;
TRUNCATE migrator.service_state;
SELECT count(*) FROM migrator.apply('m/d');
SELECT count(*) FROM app.users;
SELECT run_id, kind, outcome, total, applied FROM migrator.runs ORDER BY run_id;
-- behind baseline()
CALL files.again();
SELECT migrator.baseline('m/d');
CALL migrator.up('m/d') \g /dev/null
TABLE app.users;

-- not wanted
CALL files.again();
SET migrator.bootstrap = off;
CALL migrator.up('m/d') \g /dev/null
SELECT count(*) FROM migrator.apply('m/d');
TABLE app.users;
RESET migrator.bootstrap;
CALL migrator.up('m/d') \g /dev/null
TABLE app.users;

-- one that fails: of up() the migrations stay, and the next run tries it again
CALL files.again();
CALL files.write('m/d/bootstrap.sql', E'INSERT INTO app.users VALUES (''admin'');\nSELECT 1/0;');
CALL migrator.up('m/d');
SELECT version, state FROM migrator.status('m/d');
TABLE app.users;
TABLE files.state;
CALL migrator.up('m/d');
SELECT * FROM migrator.apply('m/d');
SELECT run_id, kind, outcome, total, applied FROM migrator.runs ORDER BY run_id;
TABLE files.record;
CALL files.again();
SELECT * FROM migrator.apply('m/d');
SELECT * FROM migrator.apply('m/d', on_error => 'continue');
SELECT count(*) FROM migrator.migrations;
-- not behind a migration that fails
CALL files.write('m/d/2_b.sql', 'SELECT 1/0;');
CALL files.write('m/d/bootstrap.sql', $$INSERT INTO app.users VALUES ('admin');$$);
SELECT version, outcome FROM migrator.apply('m/d', on_error => 'continue');
CALL migrator.up('m/d', on_error => 'continue');
TABLE app.users;
-- what it must not have stops the run that would execute it
CALL files.write('m/d/2_b.sql', 'SELECT 2;');
CALL files.write('m/d/bootstrap.sql', E'SELECT 1;\nVACUUM;');
SELECT version, outcome FROM migrator.apply('m/d', target => '2');
CALL migrator.up('m/d');
SELECT check_name, severity, file, line, message FROM migrator.validate('m/d') WHERE severity NOT IN ('ok', 'info');
CALL files.names('m/d', '1_a.sql', 'Bootstrap.sql', 'Seed.sql', 'bootstrap.md', 'hooks/bootstrap.sql', 'seeds.sql');
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE severity <> 'ok';
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.names('m/d', '1_a.sql', 'sql/bootstrap.sql', 'hooks/seed.sql', 'sql/seed.sql');
SELECT check_name, severity, file, message FROM migrator.validate('m/d') WHERE severity NOT IN ('ok', 'info') AND check_name <> 'missing';

-- environments: that of all before that of one
CALL files.again();
CALL files.make('m/e', 'common/1_a.sql', 'SELECT 1;', 'common/bootstrap.sql', $$INSERT INTO app.users VALUES ('common');$$,
  'alpha/bootstrap.sql', $$INSERT INTO app.users VALUES ('alpha');$$, 'beta/bootstrap.sql', 'SELEC;', 'beta/2_b.sql', 'SELECT 2;',
  'bootstrap.sql', $$INSERT INTO app.users VALUES ('top');$$);
CALL migrator.up('m/e', environment => 'alpha') \g /dev/null
TABLE app.users;
TABLE files.state;
TABLE files.record;
SELECT check_name, severity, file, message FROM migrator.validate('m/e', environment => 'alpha') WHERE severity NOT IN ('ok', 'info');
CALL files.write('m/e/alpha/bootstrap.sql', 'SELECT 1;');
SELECT check_name, severity, file, message FROM migrator.validate('m/e', environment => 'alpha') WHERE severity NOT IN ('ok', 'info');
