-- One truth for all readers: where CALL migrator.up() would stop, none of is_current(), assert_current(), summary() and health() says that
-- the service is current. Nothing is pending in most cases, so that only the reason counts. What they claim stands before the verdict.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
-- What each says; claims: those who say that all is well.
CREATE FUNCTION files.readers(source text = NULL, service text = NULL, contents boolean = false, up_state text = NULL)
  RETURNS TABLE (up text, is_current text, assert_current text, summary text, health text, claims text, verdict text) LANGUAGE plpgsql AS $$
DECLARE
  h jsonb := migrator.health(source, service);
BEGIN
  up := up_state;
  BEGIN
    is_current := migrator.is_current(source, service);
  EXCEPTION WHEN OTHERS THEN
    is_current := SQLSTATE;
  END;
  BEGIN
    PERFORM migrator.assert_current(source, service);
    assert_current := 'asserted';
  EXCEPTION WHEN OTHERS THEN
    assert_current := SQLSTATE;
  END;
  BEGIN
    summary := 'pending ' || coalesce(migrator.summary(source, service)->>'pending', 'not known');
  EXCEPTION WHEN OTHERS THEN
    summary := SQLSTATE;
  END;
  health := h->>'status' || ': ' || (h->'database'->'details'->>'migrationStatus');
  claims := concat_ws(', ', CASE WHEN is_current = 'true' THEN 'is_current' END, CASE WHEN assert_current = 'asserted' THEN 'assert_current' END,
                      CASE WHEN summary = 'pending 0' THEN 'summary' END, CASE WHEN health = 'healthy: Database is up to date!' THEN 'health' END);
  verdict := CASE WHEN up_state = '00000' OR claims = '' THEN 'ok'
                  WHEN contents AND claims = 'health' THEN 'contents, which health() does not look at' ELSE 'WRONG' END;
  RETURN NEXT;
END $$;
-- two applied migrations, and nothing else
CREATE PROCEDURE files.start() LANGUAGE plpgsql AS $$
BEGIN
  CALL files.forget();
  CALL files.remove('m');
  CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
  PERFORM migrator.register('default', 'm/d');
  PERFORM migrator.apply();
END $$;
\set ECHO none
\set contents false
\set VERBOSITY sqlstate
\pset tuples_only on
\echo '--- all is well'
\set arguments ''
CALL files.start();
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- another source than the registered one'
\set arguments 'source => \'m/e\', service => \'default\','
CALL files.start();
CALL files.make('m/e', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 2;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- no directory'
\set arguments ''
CALL files.start();
CALL files.run('mv m/d m/away');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- no directory, but a file'
\set arguments ''
CALL files.start();
CALL files.remove('m/d');
CALL files.write('m/d', 'x');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- nothing in it'
\set arguments ''
CALL files.start();
CALL files.make('m/d');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- no known layout'
\set arguments ''
CALL files.start();
CALL files.make('m/d', 'a.sql', 'SELECT 1;', 'b.sql', 'SELECT 1;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- another layout than that of the record'
\set arguments ''
CALL files.start();
CALL files.make('m/d', '1_a.up.sql', 'SELECT 1;', '1_a.down.sql', '', '2_b.up.sql', 'SELECT 2;', '2_b.down.sql', '');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- two files of one version'
\set arguments ''
CALL files.start();
CALL files.write('m/d/02_c.sql', 'SELECT 1;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- a name that can neither be run nor be left out'
\set arguments ''
CALL files.start();
CALL files.write('m/d/3_c.go', 'package main');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- a hook for no migration'
\set arguments ''
CALL files.start();
CALL files.write('m/d/pre_migrate_9.sql', 'SELECT 1;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- dependencies.json is no JSON'
\set arguments ''
CALL files.start();
CALL files.write('m/d/dependencies.json', '{');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- what it says cannot be: a ring'
\set arguments ''
CALL files.start();
CALL files.write('m/d/dependencies.json', '{"migrations": {"1": {"depends_on": ["2"]}, "2": {"depends_on": ["1"]}}}');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- and what does not exist'
\set arguments ''
CALL files.start();
CALL files.write('m/d/dependencies.json', '{"migrations": {"2": {"depends_on": ["77"]}}}');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- environments.json is no JSON'
\set arguments ''
CALL files.start();
CALL files.write('m/d/environments.json', '[');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- the setting says another environment than the service is in'
\set arguments ''
CALL files.start();
SELECT migrator.set_environment('staging') \g /dev/null
SET migrator.environment = 'production';
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
RESET migrator.environment;
\echo '--- another script under a version that is applied'
\set arguments ''
CALL files.start();
CALL files.run('mv m/d/2_b.sql m/d/2_other.sql');
CALL files.write('m/d/2_other.sql', 'SELECT 3;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- the same script under another name: a run goes on, and names alone do not tell'
\set arguments ''
CALL files.start();
CALL files.run('mv m/d/2_b.sql m/d/2_other.sql');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- a modified file, which only warns'
\set arguments ''
CALL files.start();
CALL files.write('m/d/2_b.sql', 'SELECT 3;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- a modified file, which stops'
\set arguments ''
CALL files.start();
SET migrator.checksum_policy = error;
CALL files.write('m/d/2_b.sql', 'SELECT 3;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
RESET migrator.checksum_policy;
\echo '--- an applied file that is no text any more'
\set arguments ''
CALL files.start();
CALL files.write('m/d/2_b.sql', '\x80'::bytea);
\set contents true
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\set contents false
\echo '--- an applied file that cannot be read'
\set arguments ''
CALL files.start();
CALL files.run('chmod 000 m/d/2_b.sql');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- the bootstrap script has not run'
\set arguments ''
CALL files.start();
CALL files.write('m/d/bootstrap.sql', 'SELECT 1;');
SET migrator.enabled = off;
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
RESET migrator.enabled;
\echo '--- it cannot run'
\set arguments ''
CALL files.start();
CALL files.write('m/d/bootstrap.sql', 'SELECT FROM WHERE');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- it is not approved'
\set arguments ''
CALL files.start();
SELECT migrator.register('default', 'm/d', options => '{"require_approval": true}') \g /dev/null
CALL files.write('m/d/bootstrap.sql', 'SELECT 1;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- pending'
\set arguments ''
CALL files.start();
CALL files.write('m/d/3_c.sql', 'SELECT 1;');
SET migrator.enabled = off;
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
RESET migrator.enabled;
\echo '--- late'
\set arguments ''
CALL files.start();
CALL files.write('m/d/0_c.sql', 'SELECT 1;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- blocked'
\set arguments ''
CALL files.start();
CALL files.write('m/d/3_c.sql', 'SELECT 1;');
CALL files.write('m/d/dependencies.json', '{"migrations": {"3": {"cross_service_dependencies": {"billing": ["9"]}}}}');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- not approved'
\set arguments ''
CALL files.start();
SELECT migrator.register('default', 'm/d', options => '{"require_approval": true}') \g /dev/null
CALL files.write('m/d/3_c.sql', 'SELECT 1;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- a syntax error in what is pending'
\set arguments ''
CALL files.start();
CALL files.write('m/d/3_c.sql', 'SELECT FROM WHERE');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- failed'
\set arguments ''
CALL files.start();
CALL files.write('m/d/3_c.sql', 'SELECT 1/0;');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- interrupted, and the file is gone'
\set arguments ''
CALL files.start();
UPDATE migrator.migrations SET state = 'running', statement_done = 1 WHERE version = '2';
CALL files.remove('m/d/2_b.sql');
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- partly rolled back'
\set arguments ''
CALL files.start();
UPDATE migrator.migrations SET state = 'failed', direction = 'down', statement_done = 1 WHERE version = '2';
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- two services, and none is named'
\set arguments ''
CALL files.start();
SELECT migrator.unregister('default') \g /dev/null
CALL files.make('m/e', '1_a.sql', 'SELECT 1;');
SELECT migrator.register('x', 'm/e') \g /dev/null
SELECT migrator.register('y', 'm/d') \g /dev/null
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- two services of one source'
\set arguments 'source => \'m/d\','
CALL files.start();
SELECT migrator.register('other', 'm/d') \g /dev/null
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- no source is known'
\set arguments ''
CALL files.start();
SELECT migrator.unregister('default') \g /dev/null
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- files that a client sent'
CALL files.start();
SELECT migrator.unregister('default') \g /dev/null
TRUNCATE migrator.migrations;
SELECT migrator.stage('truth', '1_a.sql', 'SELECT 1;'::text), migrator.stage('truth', '2_b.sql', 'SELECT 2;'::text) \g /dev/null
SELECT migrator.register('default', 'stage:truth') \g /dev/null
SELECT migrator.apply() \g /dev/null
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- another script among them'
SELECT migrator.unstage('truth') \g /dev/null
SELECT migrator.stage('truth', '1_a.sql', 'SELECT 1;'::text), migrator.stage('truth', '2_other.sql', 'SELECT 3;'::text) \g /dev/null
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\echo '--- whoever may not list staged files is told no names of them'
SELECT migrator.unstage('truth'), migrator.stage('truth', '1_a.sql', 'SELECT 1;'::text), migrator.stage('truth', '01_secret.sql', ''::text) \g /dev/null
SELECT migrator.health()->'database'->'details'->>'migrationStatus';
CREATE ROLE regress_migrator_watcher;
GRANT pg_monitor TO regress_migrator_watcher;
SET ROLE regress_migrator_watcher;
SELECT migrator.health()->'database'->'details'->>'migrationStatus';
SELECT migrator.health()::text LIKE '%secret%', migrator.metrics_text() LIKE '%secret%';
RESET ROLE;
GRANT EXECUTE ON FUNCTION migrator.status TO regress_migrator_watcher;
SET ROLE regress_migrator_watcher;
SELECT migrator.health()->'database'->'details'->>'migrationStatus';
RESET ROLE;
DROP OWNED BY regress_migrator_watcher;
DROP ROLE regress_migrator_watcher;
\echo '--- and they are gone'
SELECT migrator.unstage('truth') \g /dev/null
CALL migrator.up(:arguments options => '{"verbose": false}') \g /dev/null
SELECT * FROM files.readers(:arguments contents => :contents, up_state => :'SQLSTATE');
\set ECHO none
CALL files.remove('m');
