-- register(), unregister(), and the view of a service.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', '2_b.sql', 'SELECT 1/0;');
CALL files.make('m/e', '1_a.sql', 'SELECT 1;');
SELECT migrator.register('billing-api', 'm/d', environment => 'staging', search_path => 'app, "Odd Name"');
SELECT service, source, environment, search_path, options, registered_at <= clock_timestamp() AS registered, registered_by FROM migrator.services;
SELECT event, service, note, applied_by FROM migrator.history;
-- the only one registered is meant when none is named; it is found by its source, too
SELECT version, outcome FROM migrator.apply(on_error => 'continue');
SELECT service, version, state, environment FROM migrator.status('m/../m/d');
SELECT service, version, state FROM migrator.status(current_setting('data_directory') || '/m/d');
-- its view: dashes are underscores; golang-migrate's columns and those of S4
SELECT version, dirty, migration_name, applied_at IS NOT NULL AS applied, execution_time_ms >= 0 AS timed, status, error_message, length(checksum) AS checksum
  FROM migrator.billing_api_schema_migrations ORDER BY version;
SELECT obj_description('migrator.billing_api_schema_migrations'::regclass);
SELECT pg_get_userbyid(relowner) = pg_get_userbyid(extowner) AS owned FROM pg_class, pg_extension
  WHERE relname = 'billing_api_schema_migrations' AND extname = 'migrator';
-- again: changes it; what is not given is taken back
SELECT migrator.register('billing-api', 'm/d');
SELECT service, source, environment, search_path FROM migrator.services;
SELECT count(*) FROM migrator.billing_api_schema_migrations;
-- a second one: now a name is needed, unless the source tells
SELECT migrator.register('crm', 'm/e');
SELECT * FROM migrator.apply();
SELECT service, version, outcome FROM migrator.apply('m/e');
SELECT service, version, state FROM migrator.status(service => 'crm');
SELECT count(*) FROM migrator.crm_schema_migrations;
-- but "default" is meant where it is registered
SELECT migrator.register('default', 'm/e');
SELECT service, version, state FROM migrator.status();
-- two with one source: a name is needed
SELECT * FROM migrator.status('m/e');
SELECT service FROM migrator.status('m/e', 'crm');
SELECT migrator.unregister('default');
SELECT migrator.unregister('default');

-- Another source than the registered one, with migrations applied, is refused: a wrong path looks like a new database.
SELECT service, version FROM migrator.apply('m/d', 'crm');
\echo :LAST_ERROR_SQLSTATE
SELECT service, version FROM migrator.apply('m/d', 'crm', dry_run => true);
SELECT service, version, outcome FROM migrator.apply('m/d', 'crm', target => '1', options => '{"force": true}');
SELECT service, version, outcome FROM migrator.apply('m/d', 'crm', target => '1', options => '{"force": false}');
-- with nothing applied it is no matter
SELECT migrator.register('fresh', 'm/e');
SELECT service, version, outcome FROM migrator.apply('m/d', 'fresh', target => '1');

-- Names that would share a view.
SELECT migrator.register('a-b', 'm/e');
SELECT migrator.register('a_b', 'm/e');
\echo :LAST_ERROR_SQLSTATE
SELECT migrator.unregister('a-b');
SELECT migrator.register('a_b', 'm/e');
SELECT viewname FROM pg_views WHERE schemaname = 'migrator' AND viewname LIKE '%schema_migrations' ORDER BY 1;
SELECT migrator.unregister('a_b');
-- the longest name makes a view's name of 63 bytes
SELECT migrator.register(repeat('a', 45), 'm/e');
SELECT length(viewname) FROM pg_views WHERE schemaname = 'migrator' AND viewname LIKE 'aaa%';
SELECT migrator.unregister(repeat('a', 45));
-- words of SQL are names, too
SELECT migrator.register('select', 'm/e'), migrator.register('user', 'm/e');
SELECT count(*) FROM migrator.select_schema_migrations;
-- the record stays when a service is forgotten, the view goes
SELECT migrator.unregister('billing-api');
SELECT service, version, state FROM migrator.migrations WHERE service = 'billing-api' ORDER BY 2;
SELECT to_regclass('migrator.billing_api_schema_migrations');
-- unregister of one whose view something depends on
CREATE VIEW depending AS SELECT version FROM migrator.crm_schema_migrations;
SELECT migrator.unregister('crm');
SELECT count(*) FROM migrator.services WHERE service = 'crm';
DROP VIEW depending;
SELECT migrator.unregister('crm');

-- Refused.
SELECT migrator.register(NULL, 'm/e');
SELECT migrator.register('x', NULL);
SELECT migrator.register('x', '');
SELECT migrator.register('x', 'm/nowhere');
SELECT migrator.register('x', 'stage:x');
SELECT migrator.register('', 'm/e');
SELECT migrator.register('X', 'm/e');
SELECT migrator.register('-x', 'm/e');
SELECT migrator.register('x''; --', 'm/e');
SELECT migrator.register(repeat('a', 46), 'm/e');
SELECT migrator.register('x', 'm/e', 'No');
SELECT migrator.register('x', 'm/e', search_path => 'migrator, app');
SELECT migrator.register('x', 'm/e', search_path => '"');
SELECT migrator.register('x', 'm/e', options => '{"approval": true}');
SELECT migrator.register('x', 'm/e', options => '[]');
SELECT migrator.unregister(NULL);
SELECT migrator.unregister('');
BEGIN READ ONLY;
SELECT migrator.register('x', 'm/e');
ROLLBACK;
BEGIN READ ONLY;
SELECT migrator.unregister('select');
ROLLBACK;
-- ROLLBACK takes back both
BEGIN;
SELECT migrator.register('x', 'm/e');
ROLLBACK;
SELECT to_regclass('migrator.x_schema_migrations'), (SELECT count(*) FROM migrator.services WHERE service = 'x');
-- the search_path is as it was
SHOW search_path;
-- the names of the built-in views cannot be taken: no service's view is called schema_migrations
SELECT migrator.register('migrations', 'm/e');
SELECT viewname FROM pg_views WHERE schemaname = 'migrator' AND viewname LIKE '%schema_migrations' ORDER BY 1;
-- a view of a service belongs to the record, not to the extension: it survives a dump, DROP EXTENSION needs CASCADE
\set VERBOSITY terse
DROP EXTENSION migrator;
DROP EXTENSION migrator CASCADE;
