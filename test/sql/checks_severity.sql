-- How severe checks are: by environments.json and by the registration, and what neither can lower.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
\set head '{"environments": {"production": {"config": '
\set tail '}}, "current_environment": "production"}'
CREATE VIEW files.found AS SELECT check_name, severity, version, line FROM migrator.validate('m/d')
  WHERE check_name IN ('cascade', 'no_where', 'qualification', 'suggestions', 'destructive', 'change_class', 'down_scripts') AND severity <> 'ok';
CALL files.make('m/d', 'common/1_a.up.sql', 'CREATE TABLE app.a (i int); CREATE TABLE app.b (i int)', 'common/1_a.down.sql', '',
  'common/2_b.up.sql', E'DELETE FROM a;\nDROP TABLE app.b CASCADE;\nCREATE INDEX ON app.a (i);');
-- as they are
TABLE files.found;

-- of a file: off, lower, higher
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"cascade": "off", "no_where": "info", "qualification": "warning", "suggestions": "error",
  "down_scripts": "warning"}}' || :'tail');
TABLE files.found;
-- what is off says so
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE check_name = 'cascade';
-- what is an error stops those that are chosen
\set VERBOSITY verbose
SELECT * FROM migrator.apply('m/d');
\set VERBOSITY default
CALL migrator.up('m/d');
SELECT files.error($$SELECT migrator.assert_valid('m/d')$$);
SELECT version FROM migrator.apply('m/d', target => '1');
-- of what is applied nobody stops for lint
CALL files.write('m/d/environments.json', :'head' || '{}' || :'tail');
SELECT version FROM migrator.apply('m/d');
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"no_where": "error", "change_class": "error", "destructive": "error"}}' || :'tail');
TABLE files.found;
SELECT migrator.assert_valid('m/d');
-- each of them stops
CALL files.write('m/d/common/3_c.up.sql', E'SELECT 1;\n DROP TABLE app.a');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"change_class": "error"}}' || :'tail');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"down_scripts": "error"}}' || :'tail');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.write('m/d/common/3_c.down.sql', '');
SELECT version FROM migrator.apply('m/d');
CALL files.write('m/d/common/1_a.up.sql', 'CREATE TABLE app.a (i bigint)');
CALL files.write('m/d/common/4_d.up.sql', 'SELECT 4');
CALL files.write('m/d/common/4_d.down.sql', '');
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"checksums": "error"}}' || :'tail');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.write('m/d/environments.json', :'head' || '{}' || :'tail');
SELECT version FROM migrator.apply('m/d');
-- hooks too
CALL files.write('m/d/common/5_e.up.sql', 'SELECT 5');
CALL files.write('m/d/common/5_e.down.sql', '');
CALL files.write('m/d/pre_migrate.sql', 'SELECT 1; UPDATE app.b SET i = 1');
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"no_where": "error"}}' || :'tail');
CALL migrator.up('m/d');
CALL files.remove('m/d/pre_migrate.sql');

-- wrong
CALL files.write('m/d/environments.json', :'head' || E'{"checks": {\n"cascad": "off",\n"cascade": "fatal",\n"syntax": "warning",\n' ||
  E'"names": "info",\n"missing": "off",\n"layout": "error",\n"no_where": 3}}' || :'tail');
SELECT line, message, hint FROM migrator.validate('m/d') WHERE check_name = 'environments';
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- raising is always fine
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"syntax": "error", "missing": "error", "late": "error", "directives": "off"}}' || :'tail');
SELECT check_name, severity FROM migrator.validate('m/d') WHERE check_name IN ('environments', 'directives');

-- what is not of one migration stops every run
CALL files.make('m/d', 'common/1_a.sql', 'SELECT 1', 'development/5_x.sql', 'SELECT 5', 'staging/5_y.sql', 'SELECT 6', 'production/.keep', '');
CALL files.forget();
SELECT severity, message FROM migrator.validate('m/d', environment => 'production') WHERE check_name = 'duplicates';
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"duplicates": "error"}}' || :'tail');
SELECT severity, message FROM migrator.validate('m/d') WHERE check_name = 'duplicates';
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT state, message FROM migrator.status('m/d') WHERE state = 'blocked';

-- skip_validation passes lint over, and nothing else
CALL files.make('m/d', 'common/1_a.up.sql', E'DELETE FROM a;\nDROP TABLE app.b CASCADE;\nCREATE INDEX ON app.a (i);\nSELEC');
CALL files.forget();
CALL files.write('m/d/environments.json', :'head' || '{"skip_validation": true}' || :'tail');
TABLE files.found;
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE check_name IN ('syntax', 'suggestions');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.write('m/d/environments.json', :'head' || '{"skip_validation": true, "checks": {"cascade": "info"},
  "allow_destructive_operations": false}' || :'tail');
CALL files.write('m/d/common/1_a.up.sql', E'DELETE FROM a;\nDROP TABLE app.b CASCADE;');
TABLE files.found;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
-- refused statements cannot be made less
CALL files.write('m/d/environments.json', :'head' || '{"allow_destructive_operations": false, "checks": {"destructive": "off"}}' || :'tail');
SELECT check_name, severity, line, message FROM migrator.validate('m/d') WHERE check_name = 'destructive';
CALL files.write('m/d/environments.json', :'head' || '{"checks": {"destructive": "off"}}' || :'tail');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE check_name = 'destructive';
-- and a file says it for its environment alone
CALL files.write('m/d/environments.json', :'head' || '{"allow_destructive_operations": true}' || :'tail');
SELECT check_name, severity, line, message FROM migrator.validate('m/d') WHERE check_name = 'destructive';

-- a registration is a floor
SELECT migrator.register('default', 'm/d', options => '{"checks": {"cascade": "error", "no_where": "info", "suggestions": "off"}}');
CALL files.write('m/d/environments.json', :'head' || '{"skip_validation": true, "checks": {"cascade": "off", "no_where": "warning"}}' || :'tail');
CALL files.write('m/d/common/1_a.up.sql', E'DELETE FROM a;\nDROP TABLE app.b CASCADE;\nCREATE INDEX ON app.a (i);');
TABLE files.found;
SELECT files.error('SELECT * FROM migrator.apply()');
CALL files.write('m/d/environments.json', :'head' || '{"allow_destructive_operations": true}' || :'tail');
TABLE files.found;
-- the class is known all the same
SELECT version, change_class FROM migrator.pending();
-- a file cannot allow what a registration forbids, and lint that is an error is no way round it
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": false, "checks": null}');
SELECT files.error('SELECT * FROM migrator.apply()');
CALL files.write('m/d/environments.json', :'head' || '{"allow_destructive_operations": true, "skip_validation": true,
  "checks": {"destructive": "off"}}' || :'tail');
SELECT files.error('SELECT * FROM migrator.apply()');
SELECT migrator.register('default', 'm/d', options => '{"allow_destructive_operations": null, "checks": {"cascade": "error", "no_where": "info"}}');
-- wrong
SELECT migrator.register('default', 'm/d', options => '{"checks": {"cascad": "error"}}');
SELECT migrator.register('default', 'm/d', options => '{"checks": {"cascade": "errors"}}');
SELECT migrator.register('default', 'm/d', options => '{"checks": {"encoding": "off"}}');
SELECT migrator.register('default', 'm/d', options => '{"checks": {"cascade": 1}}');
SELECT migrator.register('default', 'm/d', options => '{"checks": ["cascade"]}');
SELECT migrator.register('default', 'm/d', options => '{"checks": {"groups": "error"}}');
-- to lower what it made an error takes more than to register
CREATE ROLE regress_migrator_deployer LOGIN;
GRANT USAGE ON SCHEMA migrator TO regress_migrator_deployer;
GRANT EXECUTE ON FUNCTION migrator.register, migrator.unregister TO regress_migrator_deployer;
GRANT pg_read_server_files TO regress_migrator_deployer;
SET SESSION AUTHORIZATION regress_migrator_deployer;
SELECT migrator.register('default', 'm/d', options => '{"checks": {"cascade": "warning"}}');
SELECT migrator.register('default', 'm/d', options => '{"checks": null}');
SELECT migrator.unregister('default');
SELECT migrator.register('default', 'm/d', options => '{"checks": {"cascade": "error", "no_where": "error"}}');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_migrator;
SELECT options FROM migrator.services;
SELECT migrator.register('default', 'm/d', options => '{"checks": null}');
SELECT options FROM migrator.services;
-- a registered search_path says where names belong
SELECT migrator.register('default', 'm/d', search_path => 'app');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE check_name = 'qualification';
SELECT migrator.register('default', 'm/d', search_path => 'app', options => '{"checks": {"qualification": "info"}}');
SELECT check_name, severity, message FROM migrator.validate('m/d') WHERE check_name = 'qualification';
CALL files.forget();
DROP OWNED BY regress_migrator_deployer;
DROP ROLE regress_migrator_deployer;
